"""The verdicts as JSON, and what is kept of a run that is cut short."""

import json
import platform
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from upecho import __version__, cli
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.conformance.findings import Event, Explanation, Fault, Recorded, Wire
from upecho.conformance.run import check_run
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.support.errors import HarnessError

EXPLANATION = Explanation(
    "FIN",
    "RST",
    wire=Wire((Event(0.25, "client 1: RST"),)),
    stderr=("bye",),
    earlier_checks=("echo-hello",),
    repeat="upecho …",
)
OUTCOME = Outcome("t", Family.INET, "half-close", Level.MUST, Verdict.FAILED, 0.5, EXPLANATION)
KEYS = ["schema", "version", "upecho", "python", "platform", "due", "counts", "checks", "unusable", "verdicts", "suite"]


def test_document_has_the_documented_keys() -> None:
    half_close = next(check for check in catalogue() if check.id == "half-close")
    read = json.loads(Document.of([OUTCOME], 2, checks=[half_close]).to_json())
    assert list(read) == KEYS
    assert (read["schema"], read["version"], read["due"]) == ("upecho-verdicts", 2, 2)
    assert (read["upecho"], read["platform"]) == (__version__, platform.platform())
    assert read["python"].startswith(f"{platform.python_implementation()} {platform.python_version()}")
    assert read["counts"] == {"passed": 0, "failed": 1, "not run": 0, "unsupported": 0, "error": 0}
    described = {"requirement": half_close.requirement, "source": half_close.source, "clients": 1}
    assert read["checks"] == {"half-close": {"topic": "connection end", "level": "MUST"} | described}
    assert read["verdicts"] == [
        {
            "target": "t",
            "family": "inet",
            "check": "half-close",
            "level": "MUST",
            "verdict": "failed",
            "seconds": 0.5,
            "explanation": {
                "expected": "FIN",
                "seen": "RST",
                "end": "",
                "note": "",
                "wire": {"first": [{"seconds": 0.25, "text": "client 1: RST"}], "omitted": 0, "last": []},
                "stderr": ["bye"],
                "earlier_checks": ["echo-hello"],
                "repeat": "upecho …",
            },
            "unsupported": "",
            "cause": "",
            "follows_from": [],
            "works_anyway": False,
            "fault": None,
            "recorded": None,
            "known": "",
            "flaky": False,
            "link": "",
        }
    ]
    assert list(read["verdicts"][0]) == [field.name for field in fields(Outcome)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"explanation": None, "recorded": Recorded(1.5, "KiB"), "level": Level.INFO, "verdict": Verdict.PASSED},
        {"explanation": None, "recorded": Recorded(text="no harm"), "known": "é", "flaky": True},
        {"explanation": None, "fault": Fault("OSError: odd", "serve, x.py:1"), "verdict": Verdict.ERROR},
        {"unsupported": "it declares a limit", "works_anyway": True, "family": Family.ABSTRACT},
    ],
)
def test_outcome_can_be_read_from_its_json(changes: dict[str, Any]) -> None:
    one = replace(OUTCOME, **changes)
    assert Outcome.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    "changes",
    [{"verdict": "great"}, {"family": "ipx"}, {"seconds": "1"}, {"explanation": {}}, {"recorded": []}, {"more": 1}],
)
def test_json_that_is_not_an_outcome_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        Outcome.from_json(json.dumps(json.loads(OUTCOME.to_json()) | changes))


def test_file_contains_the_selected_checks(upecho: Callable[..., Any], tmp_path: Path) -> None:
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
                if data.startswith(b"record"):
                    os._exit(7)
                connection.sendall(data.upper())
        print("\x1b[31mgone\x00", file=sys.stderr, flush=True)
        connection.close()
"""


@pytest.fixture
def broken(upecho: Callable[..., Any], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Check a server that exits when it receives a word, and writes escapes to stderr; return the verdicts."""

    def broken(*checks: str) -> dict[str, Any]:
        (tmp_path / "broken.py").write_text(BROKEN)
        words = [f"--check={check}" for check in checks]
        upecho("check", "broken:serve", "--family=inet", *words, "--jobs=1", "--json=x.json", cwd=tmp_path)
        return {one["check"]: one for one in json.loads((tmp_path / "x.json").read_text())["verdicts"]}

    return broken


def test_end_of_the_server_is_reported_first(broken: Callable[..., dict[str, Any]]) -> None:
    found = broken("order-preserved", "echo-hello")
    assert found["echo-hello"]["verdict"] == "passed"
    seen = found["order-preserved"]["explanation"]["seen"]
    assert seen.startswith("the server ended with exit status 7 (symptom: ")


def test_stderr_is_limited_to_the_check_and_printable(broken: Callable[..., dict[str, Any]]) -> None:
    found = broken("immediate-half-close", "order-preserved", "quiet-stderr")
    assert found["order-preserved"]["explanation"]["stderr"] == []
    last = found["quiet-stderr"]["explanation"]
    assert last["seen"].endswith("the first during echo-hello: \\x1b[31mgone\\x00")
    assert last["earlier_checks"] == ["echo-hello", "immediate-half-close"]
    assert last["repeat"].endswith(" --jobs 1 --check echo-hello --check immediate-half-close --check quiet-stderr")
    assert last["wire"] == {"first": [], "omitted": 0, "last": []}
    assert last["stderr"]
    assert all(text.isprintable() for text in [last["seen"], *last["stderr"]])


def test_check_that_is_not_run_names_the_check_that_reports_why(upecho: Callable[..., Any], tmp_path: Path) -> None:
    file, target = tmp_path / "verdicts.json", "tests.broken.wrong_stderr:logs_each_reset"
    checks = [f"--check={check}" for check in ("no-errors-on-stderr", "quiet-stderr")]
    upecho("check", target, "--family", "inet", *checks, "--json", str(file))
    found = {one["check"]: one for one in json.loads(file.read_text())["verdicts"]}
    assert {check: one["verdict"] for check, one in found.items()} == {
        "no-errors-on-stderr": "failed",
        "quiet-stderr": "not run",
    }
    assert found["quiet-stderr"]["follows_from"] == ["no-errors-on-stderr"]


def fail() -> None:
    raise HarnessError("the suite could not run: boom")


@pytest.mark.parametrize(
    ("cut_short", "status", "said"),
    [
        (fail, 3, "the suite could not run: boom"),
        (lambda: signal.raise_signal(signal.SIGINT), 130, "interrupted"),
        (lambda: signal.raise_signal(signal.SIGTERM), 143, "terminated by SIGTERM"),
        (lambda: signal.raise_signal(signal.SIGHUP), 129, "terminated by SIGHUP"),
    ],
    ids=["failure", "SIGINT", "SIGTERM", "SIGHUP"],
)
def test_verdicts_of_a_run_that_is_cut_short_are_kept(
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
            yield Outcome("selectors", Family.INET, "half-close", Level.MUST, Verdict.PASSED, 0.0)
            cut_short()

    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)  # nohup(1) ignores SIGHUP
    monkeypatch.setattr(check_run, "Runner", CutShort)
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
