"""Starts one program for a guardian, reports how it ends, and waits for everything that descends from it.

Theory of operation
    The guardian forks a *keeper* for each program. The keeper is a child subreaper (prctl(2)): whatever a program
    starts stays below its keeper, even if it changes its session, clears its environment or loses its parent. The
    keeper waits for every process below it, so there are no zombies, and it ends when none is left. It reports to the
    harness through a pipe:

    - one line with the ids of the program and of the keeper, once the program is executed, or ``!`` and why it could
      not be started;
    - one line with the exit status of the program when that has ended, negative for a signal;
    - end of file when nothing that descends from the program exists any more.

    A program inherits nothing that could change its behaviour: its signal mask is empty and no signal is ignored. That
    is safe to arrange between fork and exec here, because the guardian has no threads. The harness may have some.

    The keeper also moves what its programs write to stderr from a pipe to a file (``upecho.processes.stderr_spool``).

    Instead of executing a program, a forked process may go on in the code that has called ``start``
    (``upecho.processes.fork_server``).
"""

import contextlib
import errno
import os
import resource
import select
import signal
import socket
import sys

from upecho.processes.orders import Order
from upecho.processes.stderr_spool import Spool

CANNOT_EXECUTE = 127  # the exit status that a shell reports
END_PROGRAM = signal.SIGUSR1  # tells a keeper to kill its program's process group
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
ADDR_NO_RANDOMIZE, READ_PERSONALITY = 0x0040000, 0xFFFFFFFF  # linux/personality.h
STANDARD_STREAMS = 3
MOST_SIGNALS = 4096  # noted by the kernel since the last look; more are noted as one
MAX_DESCRIPTORS = 65536  # of a guardian, which opens a dozen


def start(order: Order, files: list[int], control: socket.socket) -> bool:
    """Start a keeper, which starts the program; return whether this is the new process, and has executed nothing."""
    report, pipe, file, *theirs = files
    try:
        if os.fork() == 0:
            control.close()
            return _keep(order, report, Spool(pipe, file), theirs)
    except OSError as error:
        _tell(report, f"!{error.strerror}")
    for file in files:
        os.close(file)
    return False


def _keep(order: Order, report: int, spool: Spool, files: list[int]) -> bool:
    """Start a program and wait for everything below this process; return only in a new process without execution."""
    try:
        adopt_orphans()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # an ignored SIGCHLD would discard the exit status
        executed, executing = os.pipe()
        program = os.fork()
    except OSError as error:
        _tell(report, f"!{error.strerror}")
        os._exit(0)
    if program == 0:
        return _become(order, files)
    try:
        for one in (executing, *files):
            os.close(one)
        os.read(executed, 1)  # end of file comes with the execution of the program
        signal.signal(END_PROGRAM, lambda *_: _kill_group(program))
        _tell(report, f"{program} {os.getpid()}")
        _wait_for_all(program, report, spool)
    finally:
        os._exit(0)


def _become(order: Order, files: list[int]) -> bool:
    """Execute the program in this process; return True, with the same state, if nothing is to be executed."""
    program, *_ = order["argv"]
    is_executed = order["is_executed"]
    try:
        os.setsid()
        *streams, directory = files
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        os.fchdir(directory)
        os.umask(order["umask"])
        if sys.platform != "darwin" and order["cores"]:  # macOS cannot bind a process to cores
            os.sched_setaffinity(0, order["cores"])
        _reset_signals()
        if not is_executed:
            os.closerange(STANDARD_STREAMS, MAX_DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, order["descriptor_limits"])
        if order["has_fixed_addresses"]:
            fix_addresses()
        if is_executed:
            _execute(order["argv"], order["env"])
    except OSError as error:
        os.write(2, os.fsencode(f"upecho: cannot execute {program}: {error.strerror}\n"))
        os._exit(CANNOT_EXECUTE)
    return True


def _execute(argv: list[str], env: dict[str, str]) -> None:
    try:
        os.execvpe(argv[0], argv, env)  # noqa: S606 (the program that the harness was asked to start)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        os.execve("/bin/sh", ["sh", *argv], env)  # noqa: S606 (a script without #!, as in every shell)


def _reset_signals() -> None:
    """Restore the default action of every signal, and let none be blocked."""
    for number in signal.valid_signals():
        with contextlib.suppress(OSError):  # SIGKILL and SIGSTOP cannot be changed
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _wait_for_all(program: int, report: int, spool: Spool) -> None:
    """Wait for every process below this one, and move what they write to stderr."""
    poll = select.poll()
    ended = _ends_of_children()
    poll.register(ended, select.POLLIN)
    poll.register(spool.pipe, select.POLLIN)
    with contextlib.suppress(ChildProcessError):  # there is none any more
        while True:
            _report_ends(program, report)
            for descriptor, events in poll.poll():
                if descriptor == ended:
                    os.read(ended, MOST_SIGNALS)
                elif events & select.POLLIN:
                    spool.drain()
                else:
                    poll.unregister(spool.pipe)  # everything that could write to it has closed it


def _ends_of_children() -> int:
    """Return a descriptor that becomes readable when a child ends."""
    ended, ending = os.pipe()
    os.set_blocking(ending, False)
    signal.set_wakeup_fd(ending, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return ended


def _report_ends(program: int, report: int) -> None:
    """Wait for the children that have ended, and report the status of the program if it is one of them.

    Raises:
        ChildProcessError: There is no child, not even a running one.
    """
    while ended := _ended_child():
        pid, status = ended
        if pid == program:
            _tell(report, str(os.waitstatus_to_exitcode(status)))


def _ended_child() -> tuple[int, int] | None:
    pid, status = os.waitpid(-1, os.WNOHANG)
    return (pid, status) if pid else None


def _tell(report: int, line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the harness is gone, or has released the child
        os.write(report, line.encode() + b"\n")


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process; Linux only."""
    _call_linux("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def fix_addresses() -> None:
    """Turn off the randomization of addresses in what this process executes; a sandbox may forbid that."""
    before = _call_linux("personality", READ_PERSONALITY)
    _call_linux("personality", before | ADDR_NO_RANDOMIZE)


def _call_linux(function: str, *arguments: int) -> int:
    """Call a function of the C library; return -1 if it fails, on another system, or if this Python cannot do it."""
    result = -1
    if sys.platform == "linux":
        with contextlib.suppress(ImportError):
            import ctypes  # noqa: PLC0415 (a Python may lack it)

            result = getattr(ctypes.CDLL(None), function)(*arguments)
    return result
