"""The verdicts as JSON, and what is kept of a run that is cut short."""

import json
import platform
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from upecho import __version__, cli
from upecho.cli.commands import check
from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.outcome import Outcome, Verdict, document
from upecho.conformance.run.runner import Runner
from upecho.support.errors import HarnessError

OUTCOME = Outcome("t", "inet", "half-close", "MUST", Verdict.FAILED, "d", 0.5, expected="FIN", seen="RST")
KEYS = ["schema", "version", "upecho", "python", "platform", "due", "counts", "checks", "verdicts"]


def test_the_document() -> None:
    half_close = next(check for check in catalogue() if check.id == "half-close")
    read = json.loads(document([OUTCOME], 2, [half_close]))
    assert list(read) == KEYS
    assert (read["schema"], read["version"], read["due"]) == ("upecho-verdicts", 1, 2)
    assert (read["upecho"], read["platform"]) == (__version__, platform.platform())
    assert read["python"].startswith(f"{platform.python_implementation()} {platform.python_version()}")
    assert read["counts"] == {"passed": 0, "failed": 1, "unsupported": 0, "error": 0}
    about = {"topic": "ends", "level": "MUST", "requirement": half_close.requirement, "source": half_close.source}
    assert read["checks"] == {"half-close": about}
    assert read["verdicts"] == [
        {
            "target": "t",
            "family": "inet",
            "check": "half-close",
            "level": "MUST",
            "verdict": "failed",
            "detail": "d",
            "seconds": 0.5,
            "recorded": None,
            "works_anyway": False,
            "known": "",
            "expected": "FIN",
            "seen": "RST",
            "flaky": False,
        }
    ]
    assert list(read["verdicts"][0]) == [field.name for field in fields(Outcome)]


@pytest.mark.parametrize("recorded", [None, (1.5, "KiB"), ("no harm", "")])
def test_an_outcome_survives_json(recorded: tuple[float | str, str] | None) -> None:
    one = Outcome("t", "inet", "urgent-data", "INFO", Verdict.PASSED, "é", 0.0, recorded, known="r", works_anyway=True)
    assert Outcome.from_json(one.to_json()) == one


def test_the_file_is_about_what_was_asked_for(upecho: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "verdicts.json"
    upecho("check", "selectors", "--family", "inet", "--check", "half-close", "--json", str(file))
    read = json.loads(file.read_text())
    assert (read["due"], read["counts"]["passed"]) == (1, 1)
    assert list(read["checks"]) == ["half-close"]
    assert [one["verdict"] for one in read["verdicts"]] == ["passed"]


BROKEN = r"""
import contextlib, os, sys

def serve(listener, stop):
    while connection := listener.accept()[0]:
        with contextlib.suppress(OSError):
            while data := connection.recv(100):
                if data.startswith(b"message"):
                    os._exit(7)
                connection.sendall(data.upper())
        print("\x1b[31mgone\x00", file=sys.stderr, flush=True)
        connection.close()
"""


@pytest.fixture
def broken(upecho: Callable[..., Any], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Check a server that ends when it meets a word, and talks to the terminal; return the verdicts."""

    def broken(*checks: str) -> dict[str, Any]:
        (tmp_path / "broken.py").write_text(BROKEN)
        words = [f"--check={check}" for check in checks]
        upecho("check", "broken:serve", "--family=inet", *words, "--jobs=1", "--json=x.json", cwd=tmp_path)
        return {one["check"]: one for one in json.loads((tmp_path / "x.json").read_text())["verdicts"]}

    return broken


def test_that_the_server_has_ended_comes_first(broken: Callable[..., dict[str, Any]]) -> None:
    found = broken("coalesced-messages", "echo-hello")
    assert found["echo-hello"]["verdict"] == "passed"
    assert found["coalesced-messages"]["seen"].startswith("the server ended with exit status 7 (was: ")
    assert "\nseen       the server ended with exit status 7 (was: " in found["coalesced-messages"]["detail"]


def test_stderr_is_that_of_the_check_and_harmless(broken: Callable[..., dict[str, Any]]) -> None:
    found = broken("immediate-half-close", "coalesced-messages", "quiet-stderr")
    assert "stderr" not in found["coalesced-messages"]["detail"]
    last = found["quiet-stderr"]["detail"]
    assert "the first during immediate-half-close: \\x1b[31mgone\\x00\n" in last
    assert "wire" not in last
    assert not any(ord(one) < 32 for one in last.replace("\n", ""))


def fail() -> None:
    raise HarnessError("the suite could not run: boom")


@pytest.mark.parametrize(
    ("cut_short", "status", "said"),
    [
        (fail, 3, "the suite could not run: boom"),
        (lambda: signal.raise_signal(signal.SIGINT), 130, "interrupted"),
        (lambda: signal.raise_signal(signal.SIGTERM), 143, "ended by SIGTERM"),
        (lambda: signal.raise_signal(signal.SIGHUP), 129, "ended by SIGHUP"),
    ],
    ids=["failure", "SIGINT", "SIGTERM", "SIGHUP"],
)
def test_a_run_that_is_cut_short_keeps_its_verdicts(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    *,
    cut_short: Callable[[], None],
    status: int,
    said: str,
) -> None:
    class CutShort(Runner):
        def outcomes(self) -> Iterator[Outcome]:
            yield Outcome("selectors", "inet", "half-close", "MUST", Verdict.PASSED, "", 0.0)
            cut_short()

    monkeypatch.setattr(check, "Runner", CutShort)
    file, known = tmp_path / "x.json", tmp_path / "known"
    known.mkdir()
    arguments = ["check", "selectors", "--family", "inet", "--json", str(file), "--known", str(known), "--write-known"]
    monkeypatch.setattr(sys, "argv", ["upecho", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    printed = capsys.readouterr()
    assert end.value.code == status
    assert printed.err.endswith(f"upecho: {said}\n")
    assert "due: 1 passed, 0 failed" in printed.out
    assert [one["check"] for one in json.loads(file.read_text())["verdicts"]] == ["half-close"]
    assert list(known.iterdir()) == []
