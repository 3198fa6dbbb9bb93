"""A limit of processes that is too low for a server is the machine's fault: status 3, and no verdict on the server."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from upecho.conformance.run.outcome import Verdict
from upecho.processes.linux import procfs

# The limit does not apply to root. A process with another real user, which keeps the files of root, but not the
# capabilities that lift the limit, is subject to it.
OTHER_USER = 61234
CAPABILITIES = "-sys_resource,-sys_admin"
AS_OTHER_USER = ["setpriv", f"--ruid={OTHER_USER}", f"--bounding-set={CAPABILITIES}", f"--inh-caps={CAPABILITIES}"]
CHECKS = ("echo-hello", "hundred-clients", "no-fd-leak-after-churn")


def is_limited() -> bool:
    """Whether this process can start one that may not start any other."""
    if not (procfs.AVAILABLE and shutil.which("setpriv") and shutil.which("prlimit")):
        return False
    command = [*AS_OTHER_USER, "prlimit", "--nproc=1", "sh", "-c", "true & wait $! || exit 9"]
    return "fork" in subprocess.run(command, capture_output=True, text=True, check=False).stderr


pytestmark = pytest.mark.skipif(not is_limited(), reason="takes root with all capabilities, setpriv and prlimit")


def check(limit: int, file: Path) -> tuple[int, str]:
    """Check a server with a thread for each client; return the exit status and what is on stderr."""
    prefix = [*AS_OTHER_USER, "prlimit", f"--nproc={limit}"]
    command = [*prefix, sys.executable, "-m", "upecho", "check", "threads", "--family", "unix", "--json", str(file)]
    options = [option for check in CHECKS for option in ("--check", check)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stderr


@pytest.mark.parametrize("limit", [20, 40])
def test_server_that_may_start_too_few_threads_is_not_accused(limit: int, tmp_path: Path) -> None:
    status, _ = check(limit, tmp_path / "verdicts.json")
    verdicts = json.loads((tmp_path / "verdicts.json").read_text())["verdicts"]
    assert status == 3
    assert {one["verdict"] for one in verdicts} <= {Verdict.PASSED, Verdict.ERROR}
    faults = [one["fault"]["message"] for one in verdicts if one["fault"]]
    assert all("processes and threads" in fault or "cannot start" in fault for fault in faults)


def test_upecho_that_may_start_no_process_says_so_in_one_line(tmp_path: Path) -> None:
    status, stderr = check(1, tmp_path / "verdicts.json")
    assert status == 3
    assert stderr.startswith("upecho: cannot start a ")
    assert stderr.endswith("ulimit -u NUMBER raises that limit\n")
    assert stderr.count("\n") == 1
