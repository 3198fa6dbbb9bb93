"""Runs the suite for one target over one family and streams the verdicts: a program for ``runner``.

``python -m upecho.conformance.run.worker OPTION...``, with options of ``plugin``, writes one outcome a line, as JSON, to
stdout. Everything else that pytest or a plugin prints goes to stderr. Its end is that of pytest: no thread that a
target's module has started holds it up.
"""

import os
import signal
import sys
from pathlib import Path
from typing import TextIO

import pytest

PROPERTY = "upecho"


class Stream:
    """A pytest plugin that writes each outcome as soon as it is known."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the outcome, the last one, that the suite has attached to a test; its last report has them all."""
        values = [value for name, value in report.user_properties if name == PROPERTY]
        if values and report.when == "teardown":
            print(values[-1], file=self._out, flush=True)


def main() -> None:
    """Run pytest, free of the settings and plugins of whatever project it is started from."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    # A shell starts background jobs with SIGINT ignored; what is checked here gets it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The directory's path, not the package's name: for a name pytest would load a conftest of the current directory.
    suite = Path(__file__).parents[1] / "checks"
    arguments = [str(suite), "-c", str(suite / "pytest.ini"), "-p", "upecho.conformance.plugin"]
    # pytest's own way to capture makes files, which a killed worker would leave behind.
    arguments.append("--capture=sys")
    # What is known of a target changes no verdict: that is for those who asked.
    status = pytest.main([*arguments, "--known=", *sys.argv[1:]], plugins=[Stream(out)])
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
