"""A guardian that has loaded a module, and starts processes that run it, without loading anything again.

Theory of operation
    A program that imports pytest needs 0.2 s of a processor core before it does anything. If several are needed, one
    process imports it and is forked for each. That process is the guardian itself, so a forked program is watched and
    ended like any other; only the last step differs: instead of executing a program, the new process calls ``main`` of
    the module. To the module, everything has to look as it does after an execution, so what the guardian has changed
    is restored here.

    Forking is safe as long as the module starts no thread when it is imported.
"""

import gc
import importlib
import os
import signal
import sys
import traceback
from types import ModuleType

from upecho.processes import guardian

STANDARD_STREAMS = 3
NAME = "python"  # of a forked process, which must not be taken for a guardian
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # from the start: a write fails instead of ending the process


def main(file: int, module: str) -> None:
    """Be a guardian whose programs are all calls of ``main`` in one module.

    Args:
        file: Descriptor of the control socket.
        module: Name of the module.
    """
    loaded = importlib.import_module(module)
    gc.freeze()  # what is never freed need not be looked at, and copied, by each process
    guardian.main(file, lambda argv, env: _run(loaded, argv, env))


def _run(module: ModuleType, argv: list[str], env: dict[str, str]) -> None:
    """Call ``main`` of the module in this forked process, and end the process as Python would end it."""
    status: object = 1
    try:
        _restore(env)
        sys.argv = argv
        module.main()
        status = 0
    except SystemExit as end:
        status = end.code or 0
    except BaseException:  # noqa: BLE001 (nothing of the guardian may run in this process)
        traceback.print_exc()
    finally:
        if not isinstance(status, int):
            sys.stderr.write(f"{status}\n")
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _restore(env: dict[str, str]) -> None:
    """Restore what a program finds at its start and this process lacks, because it was not executed."""
    guardian.take_name(NAME)
    os.closerange(STANDARD_STREAMS, os.sysconf("SC_OPEN_MAX"))
    for number in IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
