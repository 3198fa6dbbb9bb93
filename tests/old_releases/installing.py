"""Finds interpreters, and installs old releases for them."""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.real_bugs.bugs import CPYTHON, Bug, Proof

INSTALL_SECONDS = 300


def interpreters(bug: Bug, proof: Proof) -> tuple[str, str]:
    """Return the interpreters for the old and the new release, or skip the test if one is missing or does not fit."""
    if bug.package != CPYTHON:
        return (_interpreter(proof.python),) * 2
    old, new = _interpreter(proof.old), _interpreter(proof.new)
    if proof.before and _version(old) >= _numbers(proof.before):
        pytest.skip(f"{old} has mended {bug.name}, as {proof.before} did; an older one shows it")
    if proof.since and _version(new) < _numbers(proof.since):
        pytest.skip(f"{new} is older than {proof.since}, which mended {bug.name}")
    return old, new


def _interpreter(version: str) -> str:
    found = shutil.which(f"python{version}")
    if found is None:
        pytest.skip(f"python{version} is not on the PATH")
    return found


@cache
def _version(python: str) -> tuple[int, ...]:
    return _numbers(subprocess.check_output([python, "--version"], text=True).split()[-1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def install(python: str, requirement: str, directory: Path) -> Path:
    """Install a package and what it needs into a directory of its own, or fail the test with one line.

    The pip of the interpreter installs it, since it fits the version. For an interpreter without one, such as that of
    Debian, the pip of this environment does.
    """
    own = [python, "-m", "pip"]
    pip = own if _succeeds([*own, "--version"]) else [sys.executable, "-m", "pip", "--python", python]
    command = [*pip, "install", "--quiet", "--target", str(directory), requirement]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.fail(f"pip did not install {requirement} for {python} within {INSTALL_SECONDS} s", pytrace=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no reason given"]
        pytest.fail(f"pip cannot install {requirement} for {python}: {errors[0]}", pytrace=False)
    return directory


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
