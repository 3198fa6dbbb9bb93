"""The release workflow: a tag is published only if the version and the changelog agree with it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from upecho import __version__

yaml = pytest.importorskip("yaml")
pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
BASH = ("bash", "-e", "-c")  # what a step without "shell" runs in


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the comparison reads, with a changelog in which this version is released."""
    package = tmp_path / "src" / "upecho"
    package.mkdir(parents=True)
    shutil.copy(ROOT / "src/upecho/__init__.py", package)
    (tmp_path / "CHANGELOG.md").write_text(f"## Unreleased\n\n## {__version__} - 2026-12-01\n")
    (tmp_path / "python").symlink_to(sys.executable)
    return tmp_path


def compare(checkout: Path, tag: str) -> tuple[int, str]:
    (step,) = [step for step in STEPS if step.get("name", "").startswith("Compare the tag")]
    environment = {**os.environ, "PATH": f"{checkout}:{os.environ['PATH']}", "GITHUB_REF_NAME": tag}
    done = subprocess.run(
        [*BASH, step["run"]], cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout


def test_tag_of_this_version_is_accepted(checkout: Path) -> None:
    assert compare(checkout, f"v{__version__}") == (0, "")


def test_tag_of_another_version_is_refused(checkout: Path) -> None:
    status, printed = compare(checkout, "v99.0")
    assert status == 1
    assert printed == f"::error::the tag is v99.0, but src/upecho/__init__.py has version {__version__}\n"


@pytest.mark.parametrize("heading", ["## Unreleased", f"## {__version__}", f"## {__version__}1 - 2026-12-01"])
def test_version_without_a_dated_section_is_refused(checkout: Path, heading: str) -> None:
    (checkout / "CHANGELOG.md").write_text(f"{heading}\n")
    status, printed = compare(checkout, f"v{__version__}")
    assert status == 1
    assert printed == f'::error::CHANGELOG.md has no section "## {__version__} - YYYY-MM-DD"\n'


def test_steps_use_only_what_exists() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    commands = "\n".join(step.get("run", "") for step in STEPS)
    modules = set(re.findall(r"^python -m (\w+)", commands, re.MULTILINE))
    provided = {re.split(r"[^\w-]", requirement)[0] for requirement in groups["dist"]}
    assert modules - {"pip"} == {"build", "cibuildwheel", "twine"} <= provided
    assert set(re.findall(r"--group (\w+)", commands)) == {"dist"}


def test_actions_are_pinned_by_version_and_only_publishing_may_get_a_token() -> None:
    assert all(re.search(r"@v\d+(\.\d+)*$", step["uses"]) for step in STEPS if "uses" in step)
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [name for name, job in JOBS.items() if "permissions" in job] == ["publish"]
    assert JOBS["publish"]["needs"] == "metadata"
    assert JOBS["metadata"]["needs"] == ["source", "wheels"]
