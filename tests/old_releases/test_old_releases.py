"""Releases with a known defect: the check fails on them, and passes on a release that has mended it.

Run by ``tox -e old-releases``, since it installs packages from the index and needs old versions of Python.
"""

import shlex
from pathlib import Path

import pytest

from tests.old_releases import installing
from tests.real_bugs import bugs
from tests.real_bugs.bugs import CPYTHON, Bug, Proof
from upecho.conformance.catalogue import by_id
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.serving.target import Target

RUNS = 3
PROGRAMS = Path(__file__).parents[1] / "real_bugs" / "programs"


@pytest.mark.parametrize(
    ("bug", "proof"),
    [pytest.param(bug, proof, id=f"{bug.name}-{proof.check}-{proof.family.value}") for bug, proof in bugs.proofs()],
)
def test_check_fails_on_the_old_release_and_passes_on_the_new_one(bug: Bug, proof: Proof, tmp_path: Path) -> None:
    old, new = installing.interpreters(bug, proof)
    with_defect = _runs(proof, old, _packages(bug, old, proof.old, tmp_path))
    mended = _runs(proof, new, _packages(bug, new, proof.new, tmp_path))
    assert [one.verdict for one in with_defect] == [Verdict.FAILED] * RUNS
    assert [_report(one) for one in with_defect if proof.seen not in _report(one)] == []
    assert [(one.verdict, _report(one)) for one in mended] == [(Verdict.PASSED, "")] * RUNS


def _packages(bug: Bug, python: str, release: str, directory: Path) -> Path:
    """Return a directory with a release of the package; it is empty for CPython, which is the interpreter itself."""
    if bug.package == CPYTHON:
        return directory / "nothing"
    return installing.install(python, f"{bug.package}=={release}", directory / release)


def _runs(proof: Proof, python: str, packages: Path) -> list[Outcome]:
    program, *arguments = proof.program.split()
    command = shlex.join(["env", f"PYTHONPATH={packages}", python, str(PROGRAMS / program), *arguments])
    pair = (Target.parse(f"cmd:{command} {{address}}"), proof.family)
    runs = [Runner([pair], [by_id()[proof.check]], run_all=True).outcomes() for _ in range(RUNS)]
    return [outcome for run in runs for outcome in run]


def _report(outcome: Outcome) -> str:
    """Return what the check saw and what the server wrote to stderr."""
    explanation = outcome.explanation
    return "\n".join([explanation.seen, *explanation.stderr]) if explanation else ""
