"""What has to hold before a run: enough cores, importable modules, and a listener at each address."""

import os
import sys
from collections.abc import Iterable

from upecho.conformance.harness.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.violation import how_ended
from upecho.net import connecting
from upecho.processes.server_process import READY_SECONDS
from upecho.processes.supervisor import Supervisor
from upecho.serving import registry
from upecho.serving.target import Kind, Target
from upecho.support import timeouts
from upecho.support.errors import CallerError

MAX_JOBS_PER_CORE = 4
IMPORTED = 64  # an exit status that no process has by chance
IMPORT = f"""
import contextlib, os, sys
os.dup2(2, 1)
from upecho.support.errors import CallerError
from upecho.serving.target import Target
with contextlib.suppress(CallerError):
    Target.parse(sys.argv[1])
os._exit({IMPORTED})
"""


def expect_cores(jobs: int) -> None:
    """Make sure that there are enough cores: with too many jobs, correct servers fail because they answer too late.

    Raises:
        CallerError: There are too many jobs.
    """
    most = MAX_JOBS_PER_CORE * (os.cpu_count() or 1)
    if jobs > most:
        why = f"{MAX_JOBS_PER_CORE} per core; with more, correct servers fail because they answer too late"
        raise CallerError(f"--jobs is {jobs}; it must be at most {most} here, {why}")


def expect_imports(texts: Iterable[str]) -> None:
    """Make sure that importing the module of a target neither ends nor blocks a process, by trying it in others.

    This has to happen before ``Target.parse``, which imports the module into this process. An import that raises an
    exception is left for ``Target.parse`` to report.

    Args:
        texts: The targets as the user wrote them.

    Raises:
        CallerError: An import ended or blocked its process.
    """
    built_in = {row.name for row in registry.BUILT_IN}
    timeout = timeouts.scaled(READY_SECONDS)
    foreign = [text for text in texts if text.partition("+")[0] not in built_in]
    if not foreign:
        return
    with Supervisor() as supervisor:
        attempts = {text: supervisor.start([sys.executable, "-P", "-c", IMPORT, text]) for text in foreign}
        for text, child in attempts.items():
            status = child.wait(timeout)
            if status is None:
                raise CallerError(f"{text}: import failed: it takes longer than {timeout:g} s")
            if status != IMPORTED:
                raise CallerError(f"{text}: import failed: a process that tried it {how_ended(status)}")


def expect_listeners(targets: Iterable[Target]) -> None:
    """Make sure that a server listens at each address, so that a server that is not running fails no check.

    Raises:
        AddressError: No server listens at an address.
    """
    for target in targets:
        if target.kind is Kind.ADDRESS:
            connecting.connect(target.address(), timeouts.scaled(TIMEOUT_SECONDS)).close()
