"""The GitHub Action: its steps do what they say, as the runner of GitHub would carry them out."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from upecho.conformance.run.verdicts.document import Document
from upecho.report.saved_runs import read_run

yaml = pytest.importorskip("yaml")
pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
EXPRESSION = re.compile(r"\$\{\{ (\S+) \}\}")
BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")  # what "shell: bash" stands for
# The test runs in an installation that other tests use, too, so nothing is installed.
PYTHON = f"""#!/bin/sh
if [ "$1 $2" = "-m pip" ]; then shift 2; echo "$@" >> "$GITHUB_WORKSPACE/pip"; else exec {sys.executable} "$@"; fi
"""


@dataclass(frozen=True)
class Job:
    """What a job with this action has left behind.

    Attributes:
        status: Exit status of the last step that was run.
        outputs: Outputs of the action.
        summary: Summary of the job.
        workspace: Its directory.
        log: What its steps have printed.
    """

    status: int
    outputs: dict[str, str]
    summary: str
    workspace: Path
    log: str


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    """Carry out the steps with some inputs."""

    def job(**inputs: str) -> Job:
        names = ACTION["inputs"]
        assert inputs.keys() <= names.keys()
        values = {f"inputs.{name}": inputs.get(name, one.get("default")) for name, one in names.items()}
        assert None not in values.values()
        bin_directory, files = tmp_path / "bin", {name: tmp_path / name for name in ("OUTPUT", "STEP_SUMMARY")}
        bin_directory.mkdir(exist_ok=True)
        for path in files.values():
            path.unlink(missing_ok=True)
        (bin_directory / "python").write_text(PYTHON)
        (bin_directory / "python").chmod(0o755)
        environment = {
            **os.environ,
            **{f"GITHUB_{name}": str(path) for name, path in files.items()},
            "GITHUB_WORKSPACE": str(tmp_path),
            "GITHUB_ACTION_PATH": str(ROOT),
            "PATH": f"{bin_directory}:{os.environ['PATH']}",
        }
        status, log = 0, ""
        for step in ACTION["runs"]["steps"]:
            own = {name: filled(text, values) for name, text in step.get("env", {}).items()}
            done = subprocess.run(
                [*BASH, step["run"]],
                cwd=tmp_path,
                env={**environment, **own},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            status, log = done.returncode, log + done.stdout
            if status:
                break
        printed = dict(line.split("=", 1) for line in text_of(files["OUTPUT"]).splitlines())
        found = {f"steps.check.outputs.{name}": value for name, value in printed.items()}
        outputs = {name: filled(one["value"], found) for name, one in ACTION["outputs"].items()}
        return Job(status, outputs, text_of(files["STEP_SUMMARY"]), tmp_path, log)

    return job


def filled(text: str, values: Mapping[str, str]) -> str:
    return EXPRESSION.sub(lambda match: values.get(match[1], ""), text)


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


FEW = "--check echo-hello --check half-close"
KEEPS_OPEN = """
def serve(listener, stop):
    kept = []
    while True:
        connection, _ = listener.accept()
        kept.append(connection)
        while data := connection.recv(65536):
            connection.sendall(data.upper())
"""


@pytest.mark.unmeasured
def test_right_servers_pass(job: Callable[..., Job]) -> None:
    done = job(targets="selectors\nasyncio-protocol\n", families="unix inet", options=FEW)
    assert done.status == 0, done.log
    assert (done.workspace / "pip").read_text() == f"install {ROOT}\n"
    document = read_run(done.workspace / done.outputs["verdicts"])
    assert isinstance(document, Document)
    assert {(one.target, one.family) for one in document.verdicts} == {
        (target, family) for target in ("selectors", "asyncio-protocol") for family in ("unix", "inet")
    }
    assert document.checks.keys() == {"echo-hello", "half-close"}
    assert ElementTree.parse(done.workspace / done.outputs["junit"]).getroot().tag == "testsuites"
    assert "selectors" in done.summary


@pytest.mark.unmeasured
def test_failure_fails_the_job_unless_it_is_known(job: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(KEEPS_OPEN)
    inputs = {"targets": "mine:serve", "families": "unix", "results": "out"}
    failed = job(**inputs, options=FEW)
    assert failed.status == 1, failed.log
    assert failed.outputs == {"verdicts": "out/verdicts.json", "junit": "out/junit.xml"}
    assert "half-close" in failed.summary
    job(**inputs, options=f"{FEW} --write-known")
    assert list((tmp_path / "known").iterdir())
    known = job(**inputs, options=FEW)
    assert known.status == 0, known.log
    assert "known" in known.summary


def test_revision_of_the_suite_is_passed_on(job: Callable[..., Job]) -> None:
    done = job(targets="selectors", families="unix", suite="2026.12", options=FEW)
    assert done.status == 0, done.log
    document = read_run(done.workspace / done.outputs["verdicts"])
    assert isinstance(document, Document)
    assert document.suite == "2026.12"
    assert job(targets="selectors", suite="2001.1").status == 2


def test_wrong_input_is_reported_and_saves_nothing(job: Callable[..., Job]) -> None:
    done = job(targets="selectors", families="ipx")
    assert done.status == 2
    assert "ipx" in done.log
    assert done.summary == ""
    assert done.outputs == {"verdicts": "", "junit": ""}
