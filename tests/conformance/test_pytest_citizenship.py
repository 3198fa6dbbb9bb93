"""The pytest plugin is loaded in every environment where upecho is installed, and disturbs no other plugin there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHORT_NAMES = (
    "--target",
    "--family",
    "--check",
    "--suite",
    "--known",
    "--max-clients",
    "--all",
    "--grace",
    "--strict-should",
    "--python",
)
OTHER_PLUGIN = f"""
def pytest_addoption(parser):
    for name in {SHORT_NAMES}:
        parser.addoption(name)
"""
TEST = """
def test_options(pytestconfig):
    assert pytestconfig.getoption("--target") == "mine"
    assert pytestconfig.getoption("--python") == "3"
    assert pytestconfig.getoption("--upecho-target") == []
"""
METADATA = "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Install another pytest plugin, which owns the short option names, into a directory on the path."""
    (tmp_path / "other.py").write_text(OTHER_PLUGIN)
    information = tmp_path / "other-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(METADATA)
    (information / "entry_points.txt").write_text("[pytest11]\nother = other\n")
    return os.environ | {"PYTHONPATH": str(tmp_path)}


def test_another_plugin_may_own_the_short_option_names(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "test_options.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--target", "mine", "--python", "3"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_every_option_has_the_prefix() -> None:
    command = [sys.executable, "-m", "pytest", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    section = text.partition("upecho: conformance of socket servers:")[2].partition("\n\n")[0]
    options = [line.split()[0].partition("=")[0] for line in section.splitlines() if line.startswith("  -")]
    assert len(options) == len(SHORT_NAMES)
    assert all(option.startswith("--upecho-") for option in options)


def test_plugin_imports_nothing_of_upecho() -> None:
    program = "import sys, upecho.conformance.plugin; print(*[m for m in sys.modules if m.startswith('upecho')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["upecho", "upecho.conformance", "upecho.conformance.plugin"]


def test_plugin_defines_no_marker() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "pytest", "--markers"], capture_output=True, text=True, check=True
    ).stdout
    assert "pytest.mark.upecho" not in text
