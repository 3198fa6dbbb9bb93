"""Generates what ``reports/findings`` says about what was seen of which package: the index, and a part of each page.

``python -m tests.reports.findings`` writes both from ``findings.toml``; a test asserts that they are up to date.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from upecho.serving import loops, registry

DIRECTORY = Path("reports/findings")
INDEX = DIRECTORY / "README.md"
SECTION, NEXT_SECTION = "## Seen\n", "## In the tracker\n"
TABLE = "| package | finding | families | checks | page |\n"


@dataclass(frozen=True)
class Finding:
    """A defect of one package.

    Attributes:
        page: Name of the page and of the script, without a suffix.
        package: Name of the package.
        version: Its version.
        argument: What the script is called with.
        what: The defect in a few words.
        seen: What the script reported in each of its three runs.
        python: Version of CPython in these runs.
        families: The socket families that are concerned.
        checks: The checks of upecho that show the defect; none if upecho avoids what leads to it.
    """

    page: str
    package: str
    version: str
    argument: str
    what: str
    seen: tuple[str, ...]
    python: str
    families: tuple[str, ...]
    checks: tuple[str, ...]


def read() -> tuple[str, list[Finding]]:
    """Return the system on which everything was seen, and the findings in the order of their packages."""
    content = tomllib.loads((DIRECTORY / "findings.toml").read_text())
    rows: list[dict[str, Any]] = content["finding"]
    tuples: Iterator[dict[str, Any]] = (
        {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()} for row in rows
    )
    return content["system"], [Finding(**row) for row in tuples]


def about(name: str) -> list[Finding]:
    """Return the findings about the packages of a loop or framework, such as aiofastnet for ``aiofastnet-uvloop``."""
    packages = next((row.packages for row in (*loops.BUILT_IN, *registry.FRAMEWORKS) if row.name == name), ())
    return [one for one in read()[1] if one.package in packages]


def index(findings: list[Finding]) -> str:
    """Return the index with a table of the findings, whatever it contained."""
    head, _, rest = INDEX.read_text().partition(TABLE)
    tail = rest.partition("\n\n")[2]
    return f"{head}{TABLE}|---|---|---|---|---|\n{''.join(map(_row, findings))}\n{tail}"


def _row(finding: Finding) -> str:
    package = f"{finding.package} {finding.version}"
    page = f"[{finding.page}]({finding.page}.md)"
    return f"| {package} | {finding.what} | {', '.join(finding.families)} | {_listed(finding.checks)} | {page} |\n"


def page(name: str, system: str, findings: list[Finding]) -> str:
    """Return a page with a section about what was seen, whatever that section contained."""
    head, _, rest = (DIRECTORY / f"{name}.md").read_text().partition(SECTION)
    tail = rest.partition(NEXT_SECTION)[2]
    return f"{head}{SECTION}\n{''.join(_seen(name, system, findings))}\n{NEXT_SECTION}{tail}"


def _seen(name: str, system: str, findings: list[Finding]) -> Iterator[str]:
    yield f"In three runs of three on {system}:\n\n"
    yield "| package | Python | seen | checks that show it |\n|---|---|---|---|\n"
    for one in findings:
        seen = "; ".join(dict.fromkeys(one.seen))
        yield f"| {one.package} {one.version} | {one.python} | {seen} | {_listed(one.checks)} |\n"
    for python in sorted({one.python for one in findings}):
        yield f"| asyncio | {python} | what is expected | |\n"
    yield "\nTo repeat it in this directory, with the package installed:\n\n"
    for one in findings:
        yield f"    python {name}.py {one.argument}\n"


def _listed(checks: tuple[str, ...]) -> str:
    return ", ".join(checks) or "none"


def generated() -> Iterator[tuple[Path, str]]:
    """Yield each page and the index with what it has to contain."""
    system, findings = read()
    yield INDEX, index(findings)
    by_page = sorted(findings, key=lambda one: one.page)
    for name, rows in groupby(by_page, key=lambda one: one.page):
        yield DIRECTORY / f"{name}.md", page(name, system, list(rows))


if __name__ == "__main__":
    for path, text in generated():
        path.write_text(text)
