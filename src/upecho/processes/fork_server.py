"""A guardian that has loaded modules, and starts processes that run one of them, without loading anything again.

Theory of operation
    A program that imports pytest needs 0.2 s of a processor core before it does anything, a server that imports asyncio
    0.1 s. If a program is needed often, one process imports its modules and is forked each time. That process is the
    guardian itself, so a forked program is watched and ended like any other. The new process leaves the guardian's
    code, restores what Python sets up at its start, and calls ``main`` of the module. It ends like every Python
    program: non-daemon threads are waited for, and exit handlers run.

    Forking is safe as long as the modules start no thread when they are imported.
"""

import gc
import importlib
import os
import signal
import sys

from upecho.processes import guardian

NAME = "python"  # of a forked process, which must not be taken for a guardian
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # from the start: a write fails instead of ending the process


def main(file: int, parent: str, program: str, *others: str) -> None:
    """Be a guardian that can also fork processes which call ``main`` of a module.

    Args:
        file: Descriptor of the control socket.
        parent: Where to create the private directory; empty for the usual place.
        program: Name of the module.
        others: Names of modules that it will import.
    """
    module = importlib.import_module(program)
    for other in others:
        importlib.import_module(other)
    gc.freeze()  # what is never freed need not be looked at, and copied, by each process
    order = guardian.main(file, parent)
    if order is not None:  # this is a new process
        _restore(order["env"])
        sys.argv = order["argv"]
        module.main()


def _restore(env: dict[str, str]) -> None:
    """Restore what a program finds at its start and this process lacks, because it was not executed."""
    guardian.take_name(NAME)
    for number in IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
