"""Runs one share of the suite and writes the verdicts to stdout: the program behind ``runner``.

Its arguments are the target as JSON and options of the pytest plugin. It writes one outcome per line, as JSON, as soon
as it is known. If pytest cannot run the suite, it writes the fault instead. Everything else that pytest prints goes to
stderr. The code of a target never runs in this process.

The runner loads this module once and forks it for each share (``upecho.processes.fork_server``). So the module imports
what every share needs, even if it does not use it itself.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import pytest

from upecho.conformance.checks import conftest  # noqa: F401 (loads the suite, for every share)
from upecho.conformance.run.given import Given
from upecho.conformance.run.verdicts.judging import fault_of
from upecho.conformance.run.verdicts.outcome import PROPERTY

# Plugins of pytest that cost a worker as much time as the suite itself does, and that it has no use for.
UNUSED = ("doctest", "faulthandler", "junitxml", "pastebin", "threadexception", "unittest", "unraisableexception")


class Stream:
    """A pytest plugin that writes each outcome as soon as it is known."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the outcome of a test when its last phase is over; an error there replaces an earlier outcome."""
        values = [value for name, value in report.user_properties if name == PROPERTY]
        if values and report.when == "teardown":
            print(values[-1], file=self._out, flush=True)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Write what keeps pytest from running the suite."""
        print(json.dumps(asdict(fault_of(excinfo.value))), file=self._out, flush=True)


def main() -> None:
    """Run pytest without the settings and plugins of the project in the current directory."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    # A path rather than a package name: for a name, pytest would load a conftest of the current directory.
    suite = Path(__file__).parents[1] / "checks"
    arguments = [str(suite), "-c", str(suite / "pytest.ini"), "-p", "upecho.conformance.plugin"]
    # pytest's default way to capture output creates files, which a killed worker would leave behind.
    arguments += ["--capture=sys", *(f"-pno:{plugin}" for plugin in UNUSED)]
    # Known failures change no verdict: the process that asked for the verdicts marks them.
    given, *options = sys.argv[1:]
    status = pytest.main([*arguments, "--upecho-known=", *options], plugins=[Stream(out), Given.from_json(given)])
    sys.stderr.flush()
    os._exit(status)
