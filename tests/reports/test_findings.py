"""The findings: scripts that run by themselves, pages that are complete and up to date, known failures with links."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.reports import findings
from upecho.conformance.catalogue import by_id
from upecho.conformance.run.known_failures.files import read_known_failures
from upecho.net.address import Family

pytestmark = pytest.mark.once

SCRIPTS = sorted(findings.DIRECTORY.glob("*.py"))
KNOWN = sorted(Path("known").glob("*.toml"))
HEADINGS = ["What happens", "Why something else is expected", "Seen", "In the tracker", "Suggestion"]
COMPARED_WITH_ASYNCIO = ("tornado", "twisted")  # packages whose scripts import them only if told to
PAGES_URL = "https://github.com/upecho/upecho/blob/main/reports/findings/"
NOT_IMPLEMENTED_URL = (
    f"{PAGES_URL}README.md#not-implemented"  # methods that a loop does not implement, which is no defect
)
SECONDS = 60  # on a busy machine; on an idle one, the slowest takes seven


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_is_short(script: Path) -> None:
    lines = [line.strip() for line in _after_docstring(script)]
    assert 10 <= sum(bool(line) and not line.startswith("#") for line in lines) <= 40


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_needs_only_the_standard_library_and_its_package(script: Path) -> None:
    packages = {one.package for one in _findings_of(script)}
    assert _imported(script) - sys.stdlib_module_names <= packages


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_says_how_it_is_used(script: Path) -> None:
    docstring = ast.get_docstring(ast.parse(script.read_text())) or ""
    assert docstring.splitlines()[-1].startswith(f"Usage: python {script.name} [")


@pytest.mark.unmeasured
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_sees_what_is_expected_of_asyncio(script: Path) -> None:
    for package in _imported(script) - sys.stdlib_module_names - {*COMPARED_WITH_ASYNCIO}:
        pytest.importorskip(package)
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=SECONDS, check=False)
    expected, seen = (line.partition(": ") for line in ended.stdout.splitlines())
    assert (expected[0], seen[0], ended.returncode) == ("expected", "seen", 0), ended.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_page_of_script_has_every_section(script: Path) -> None:
    lines = script.with_suffix(".md").read_text().splitlines()
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == HEADINGS
    assert all(after.strip() and not after.startswith("#") for after in _first_lines_of_sections(lines))


def test_every_finding_has_a_script_and_every_script_a_finding() -> None:
    assert {one.page for one in findings.read()[1]} == {script.stem for script in SCRIPTS}


def test_findings_name_existing_checks_and_families() -> None:
    for one in findings.read()[1]:
        assert {*one.checks} <= by_id().keys()
        assert one.families == tuple(family for family in Family if family in one.families) != ()


def test_every_finding_was_seen_in_each_of_three_runs() -> None:
    assert {len(one.seen) for one in findings.read()[1]} <= {1, 3}  # one text if all three are the same


def test_pages_and_index_are_up_to_date() -> None:
    for path, text in findings.generated():
        assert path.read_text() == text, "run: python -m tests.reports.findings"


@pytest.mark.parametrize("path", KNOWN, ids=lambda path: path.stem)
def test_known_failures_refer_to_the_page_that_explains_them(path: Path) -> None:
    content = tomllib.loads(path.read_text())
    server, _, loop = content["target"].partition("+")
    explained = findings.about(server) + findings.about(loop)
    for failure in content["failure"]:
        links = [f"{PAGES_URL}{one.page}.md" for one in explained if failure["check"] in one.checks]
        assert failure["link"] in [*links, NOT_IMPLEMENTED_URL]


def test_known_failures_are_valid() -> None:
    assert KNOWN
    read_known_failures("known", [])


def _findings_of(script: Path) -> list[findings.Finding]:
    return [one for one in findings.read()[1] if one.page == script.stem]


def _after_docstring(script: Path) -> list[str]:
    text = script.read_text()
    return text.splitlines()[ast.parse(text).body[0].end_lineno :]


def _imported(script: Path) -> set[str]:
    """Return the packages that a script imports, wherever it does so."""
    nodes = list(ast.walk(ast.parse(script.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def _first_lines_of_sections(lines: list[str]) -> list[str]:
    """Return the line two below each heading."""
    return [lines[number + 2] for number, line in enumerate(lines) if line.startswith("## ")]
