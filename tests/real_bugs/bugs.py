"""Reads ``bugs.toml``: defects from public issue trackers that the checks would have caught."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from upecho.net.address import Family
from upecho.support import decoding

FILE = Path(__file__).parent / "bugs.toml"
CPYTHON = "CPython"
OPTIONAL = {decoding.ADDED_LATER: True}


@dataclass(frozen=True)
class Proof:
    """Two releases that show a defect: a check fails on the older one and passes on the newer one.

    Attributes:
        check: Id of the check.
        family: The socket family that the check uses.
        program: A program in ``programs/`` and its arguments, to which the address is added.
        old: A release with the defect, such as ``0.0.4``.
        new: A release that has mended it.
        seen: A part of what the check reports on the old release.
        python: Version of the Python that runs both releases, such as ``3.8``; empty if the package is CPython itself.
            Its releases are versions such as ``3.13``, of which the patch release that is installed is used.
        before: The patch release of the old CPython that mended the defect; empty if none did.
        since: The first patch release of the new CPython that has mended it; empty if all have.
    """

    check: str
    family: Family
    program: str
    old: str
    new: str
    seen: str
    python: str = field(default="", metadata=OPTIONAL)
    before: str = field(default="", metadata=OPTIONAL)
    since: str = field(default="", metadata=OPTIONAL)


@dataclass(frozen=True)
class Bug:
    """A defect that was reported in public.

    Attributes:
        issue: The issue or pull request, as ``OWNER/PROJECT#NUMBER`` on GitHub.
        package: The package with the defect, by the name that pip uses, or ``CPython``.
        affected: The releases with the defect, as far as the issue or the history of the package says.
        mended: The first release that mended it; empty if none is known.
        what: The defect in a few words.
        checks: Ids of the checks that would have caught it.
        proofs: Pairs of releases that show it; none if they cannot be installed any more.
    """

    issue: str
    package: str
    affected: str
    mended: str
    what: str
    checks: tuple[str, ...]
    proofs: tuple[Proof, ...] = field(default=(), metadata=OPTIONAL)

    @property
    def name(self) -> str:
        """The issue without the owner of the project, such as ``uvloop#180``."""
        return self.issue.rpartition("/")[2]

    @property
    def link(self) -> str:
        """The address of the issue; GitHub leads from there to a pull request with this number."""
        project, _, number = self.issue.partition("#")
        return f"https://github.com/{project}/issues/{number}"


def read(file: Path = FILE) -> list[Bug]:
    """Return all defects, ordered by the name of their issue.

    Args:
        file: A TOML file whose table ``bug`` has one row for each defect.

    Raises:
        ValueError: An entry is not well formed.
    """
    bugs = [decoding.build(Bug, row) for row in tomllib.loads(file.read_text())["bug"]]
    for bug in bugs:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+#[1-9]\d*", bug.issue):
            raise ValueError(f"{bug.issue!r} is not of the form OWNER/PROJECT#NUMBER")
    return sorted(bugs, key=_order)


def _order(bug: Bug) -> tuple[str, int]:
    project, _, number = bug.name.partition("#")
    return project.lower(), int(number)


def proofs() -> Iterator[tuple[Bug, Proof]]:
    """Yield each pair of releases with the defect that it shows."""
    for bug in read():
        for proof in bug.proofs:
            yield bug, proof
