"""The files that ``upecho check`` writes beside its report."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.made_up_verdicts import outcome
from upecho.conformance.check import Level
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.report.conformance import junit
from upecho.support.errors import HarnessError

FILES = {"--json": "v.json", "--junit": "v.xml", "--summary": "v.md"}
SHOULD_FAILED = outcome("urgent-data", Verdict.FAILED, target="selectors", level=Level.SHOULD)

Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(upecho_here: Main, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Check ``selectors`` in the directory of the test; all files are written, and no check is run."""

    def outcomes(_: Runner) -> Iterator[Outcome]:
        yield SHOULD_FAILED

    def check(*options: str) -> int:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(Runner, "outcomes", outcomes)
        files = [word for option in FILES.items() for word in option]
        return upecho_here("check", "selectors", "--family", "inet", "--check", "urgent-data", *files, *options)[0]

    return check


@pytest.mark.parametrize(("options", "status", "failures"), [([], 0, "0"), (["--strict"], 1, "1")])
def test_files_agree_with_the_exit_status(
    check: Callable[..., int], tmp_path: Path, options: list[str], status: int, failures: str
) -> None:
    assert check(*options) == status
    assert json.loads((tmp_path / "v.json").read_text())["counts"]["failed"] == 1
    assert ET.parse(tmp_path / "v.xml").getroot().attrib["failures"] == failures
    title = (tmp_path / "v.md").read_text().splitlines()[0]
    assert title == f"## upecho check: {'failed' if status else 'passed'}"


def test_files_of_a_real_run(upecho: Callable[..., Any], tmp_path: Path) -> None:
    files = [word for option in FILES.items() for word in option]
    done = upecho("check", "selectors", "--family", "inet", "--check", "half-close", *files, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (case,) = ET.parse(tmp_path / "v.xml").getroot().iter("testcase")
    assert (case.attrib["name"], case.attrib["classname"], len(case)) == ("half-close", "selectors.inet", 0)
    assert "| `selectors` | 1/1 |" in (tmp_path / "v.md").read_text()


def test_files_are_written_although_no_target_can_be_used(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("1 / 0")
    files = [word for option in FILES.items() for word in option]
    done = upecho("check", "mine:serve", "--family", "inet", *files, cwd=tmp_path)
    assert done.returncode == 1
    assert ET.parse(tmp_path / "v.xml").getroot().attrib["failures"] == "1"
    assert "The code of `mine:serve` could not be loaded" in (tmp_path / "v.md").read_text()


@pytest.mark.parametrize("option", FILES)
def test_file_that_cannot_be_written_is_refused_first(option: str, refusal: Callable[..., str]) -> None:
    said = refusal("check", "selectors", option, "/no/such/directory/file")
    assert said == "cannot write /no/such/directory/file: No such file or directory"


def test_one_file_for_two_formats_is_refused(refusal: Callable[..., str], tmp_path: Path) -> None:
    file = str(tmp_path / "x")
    said = refusal("check", "selectors", "--json", file, "--junit", file)
    assert said == f"{file}: each of --json, --junit and --summary needs a file of its own"


def test_error_in_one_file_does_not_prevent_the_others(
    check: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise HarnessError("the disk is full")

    monkeypatch.setattr(junit, "_time", full)
    assert check() == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.json", "v.md"]
