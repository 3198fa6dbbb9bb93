"""The entries about real bugs are well formed, and everything that they name exists."""

import sys
from pathlib import Path

import pytest

from tests.real_bugs import bugs, page
from tests.real_bugs.bugs import CPYTHON, Bug, Proof
from upecho.conformance.catalogue import by_id
from upecho.conformance.run.selection import is_due
from upecho.net.address import Family
from upecho.serving.target import Target

PROGRAMS = Path(__file__).parent / "programs"
PROOF = Proof("half-close", Family.UNIX, "program.py", "1.0", "1.1", "seen", "3.8")
BUG = Bug("owner/project#7", "package", "1.0", "1.1", "it hangs", ("half-close", "echo-hello"), (PROOF,))

pytestmark = pytest.mark.once


def test_entries_name_existing_checks() -> None:
    assert {check for bug in bugs.read() for check in bug.checks} - by_id().keys() == set()


def test_each_issue_has_one_entry_with_a_check_and_a_description() -> None:
    issues = [bug.issue for bug in bugs.read()]
    assert len(set(issues)) == len(issues)
    assert [bug.issue for bug in bugs.read() if not bug.checks or not bug.what or not bug.affected] == []


def test_proofs_show_one_of_the_checks_of_their_entry_over_a_family_that_it_applies_to() -> None:
    command = Target.parse(f"cmd:{sys.executable} program.py {{address}}")
    for bug, proof in bugs.proofs():
        assert proof.check in bug.checks
        assert is_due(by_id()[proof.check], command, proof.family)


def test_proofs_name_existing_programs() -> None:
    named = {proof.program.split()[0] for _, proof in bugs.proofs()}
    assert named == {path.name for path in PROGRAMS.glob("*.py")}


def test_proofs_name_the_python_that_runs_their_releases() -> None:
    assert [bug.issue for bug, proof in bugs.proofs() if bool(proof.python) == (bug.package == CPYTHON)] == []


def test_at_least_five_releases_are_shown_to_have_a_defect() -> None:
    assert len({(bug.package, proof.old) for bug, proof in bugs.proofs()}) >= 5


def test_issue_that_is_not_of_the_form_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bugs.toml"
    file.write_text("""
        [[bug]]
        issue = "project-7"
        package = "package"
        affected = "1.0"
        mended = ""
        what = "it hangs"
        checks = ["half-close"]
    """)
    with pytest.raises(ValueError, match=r"'project-7' is not of the form OWNER/PROJECT#NUMBER"):
        bugs.read(file)


def test_page_links_issues_and_shows_their_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bugs, "read", lambda: [BUG])
    link = "[project#7](https://github.com/owner/project/issues/7)"
    assert page.links("echo-hello") == f"{link} (package 1.0)"
    assert page.links("full-duplex") == ""
    assert list(page.section())[-1] == (
        f"| {link} | package | 1.0 | 1.1 | it hangs | half-close, echo-hello "
        "| half-close over unix, 1.0 and 1.1 (Python 3.8) |"
    )
