"""Runs the suite for one target over one family and streams the verdicts: a program for ``runner``.

``python -m upecho.conformance.worker OPTION...``, with options of ``plugin``, writes one outcome a line, as JSON, to
stdout. Everything else that pytest or a plugin prints goes to stderr.
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
        """Write the outcome that the suite has attached to a test, which its last report has too."""
        for name, value in report.user_properties if report.when == "teardown" else ():
            if name == PROPERTY:
                print(value, file=self._out, flush=True)


def main() -> None:
    """Run pytest, free of the settings and plugins of whatever project it is started from."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    # A shell starts background jobs with SIGINT ignored; what is checked here gets it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The folder's path, not the package's name: for a name pytest would load a conftest of the current folder.
    suite = Path(__file__).parent
    arguments = [str(suite), "-c", str(suite / "pytest.ini"), "-p", "upecho.conformance.plugin"]
    # What is known of a target changes no verdict: that is for those who asked.
    sys.exit(pytest.main([*arguments, "--known=", *sys.argv[1:]], plugins=[Stream(out)]))


if __name__ == "__main__":
    main()
