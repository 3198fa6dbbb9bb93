"""Starts the processes of a harness and ends them with it, so that none of them and no socket file stays behind.

Theory of operation
    A process that is killed with SIGKILL cannot clean up, so another process has to. The supervisor starts this program
    in a session of its own, where neither Ctrl-C nor a hang-up of the terminal reaches it, and holds the only other end
    of its control socket. End of file means that the harness is gone, however it ended: the kernel closes the socket in
    every case. The guardian then kills everything it has started and removes the private directory, which it has
    created itself, so there is no moment at which the directory exists and no guardian knows about it.

    The guardian, and not the harness, is the parent of what it starts, so it goes on to be so when the harness has been
    killed. It forks a *keeper* for each program. The keeper is a child subreaper (prctl(2)): whatever a program starts
    stays below its keeper, even if it changes its session, clears its environment or loses its parent. The keeper waits
    for every process below it, so there are no zombies, and it ends when none is left. It reports to the harness
    through a pipe:

    - one line with the ids of the program and of the keeper, once the program is executed, or ``!`` and why it could
      not be started;
    - one line with the exit status of the program when that has ended, negative for a signal;
    - end of file when nothing that descends from the program exists any more.

    A program inherits nothing that could change its behaviour: its signal mask is empty and no signal is ignored. That
    is safe to arrange between fork and exec here, because the guardian has no threads. The harness may have some.

    Instead of executing a program, a forked process may go on in the code that has called ``main``
(``upecho.processes.fork_server``).

Nested harnesses: what a program starts may have a guardian of its own, which has to remove its own directory. All
    guardians and keepers have the process name ``GUARDIAN`` and are not killed at first: they end once nothing is below
    them. What still has the name after a while is killed, too.

    Not handled: a guardian or a keeper that is itself killed (the harness still knows which processes are below the
    keeper until that is killed), processes of another user, and, on systems other than Linux, processes that leave the
    process group of their program.

This program imports nothing of upecho but ``process_tree``, so that its start costs little.
"""

import contextlib
import errno
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from typing import TypedDict

from upecho.processes.linux.process_tree import GUARDIAN, descendants

LONGEST_DIRECTORY_BYTES = 60  # of the 103 or 107 bytes that the path of a Unix socket may have
ATTEMPTS = 100  # bounds the fight against processes that start others faster than they can be killed
PAUSE_SECONDS = 0.02  # between two attempts
SIZE_BYTES = 8  # of the number that precedes an order
DESCRIPTORS = 5  # that come with an order: the report, the three standard streams, the current directory
NO_DIRECTORY = 73  # EX_CANTCREAT in sysexits.h
CANNOT_EXECUTE = 127  # the exit status that a shell reports
END_PROGRAM = signal.SIGUSR1  # tells a keeper to kill its program's process group
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h

STANDARD_STREAMS = 3
MAX_DESCRIPTORS = 65536  # of a guardian, which opens a dozen


class Order(TypedDict):
    """What to start, and under which conditions.

    Attributes:
        argv: The program and its arguments.
        is_executed: Whether the program is a file to execute; otherwise the new process goes on in this one's code.
        env: Its environment.
        cores: Processor cores that it may run on; empty means all of them.
        descriptor_limits: Soft and hard limit of the number of descriptors.
        umask: File mode creation mask.
    """

    argv: list[str]
    is_executed: bool
    env: dict[str, str]
    cores: list[int]
    descriptor_limits: tuple[int, int]
    umask: int


def encode(order: Order) -> bytes:
    """Return an order as it travels over the control socket."""
    text = json.dumps(order).encode()
    return len(text).to_bytes(SIZE_BYTES) + text


def main(file: int) -> Order | None:
    """Create a private directory, report its path, start programs until the harness ends, and clean up.

    Args:
        file: Descriptor of the control socket.

    Returns:
        None in the guardian. In a new process that executes nothing, what it has to do.
    """
    guardian = os.getpid()
    take_name(GUARDIAN)  # before the directory exists: without the name, an outer guardian may kill this process
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, END_PROGRAM):
        signal.signal(number, signal.SIG_IGN)  # only the end of the harness ends the guardian
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then waits for the keepers
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        directory = tempfile.mkdtemp(prefix="upecho-", dir=_short_directory())
    except OSError:
        sys.exit(NO_DIRECTORY)  # the harness reads no path and reports that
    control = socket.socket(fileno=file)
    control.set_inheritable(False)
    try:
        with contextlib.suppress(BrokenPipeError):  # the harness ended during its start
            control.sendall(os.fsencode(directory) + b"\n")
        _adopt_orphans()
        while order := _receive(control):
            if _start(*order, control):
                return order[0]
    finally:
        if os.getpid() == guardian:
            _end_all()
            shutil.rmtree(directory)
    return None


def take_name(name: str) -> None:
    """Change the name of this process, which the processes that it forks inherit; Linux only."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as file:  # noqa: PTH123 (pathlib imports much)
        file.write(name)


def _adopt_orphans() -> None:
    """Become the parent of every orphan below this process; Linux only."""
    if sys.platform == "linux":
        with contextlib.suppress(ImportError):
            import ctypes  # noqa: PLC0415 (a Python may lack it)

            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _receive(control: socket.socket) -> tuple[Order, list[int]] | None:
    """Return the next order with its descriptors; None if the harness is gone."""
    try:
        head, files, _, _ = socket.recv_fds(control, SIZE_BYTES, DESCRIPTORS)
    except ConnectionError:  # the harness ended before it read the path of the directory
        return None
    for file in files:
        os.set_inheritable(file, False)
    if len(head) < SIZE_BYTES:
        return None
    size = int.from_bytes(head)
    text = control.recv(size, socket.MSG_WAITALL)
    return (json.loads(text), files) if len(text) == size else None


def _start(order: Order, files: list[int], control: socket.socket) -> bool:
    """Start a keeper, which starts the program; return whether this is the new process, and has executed nothing."""
    report = files[0]
    try:
        if os.fork() == 0:
            control.close()
            return _keep(order, report, files[1:])
    except OSError as error:
        _tell(report, f"!{error.strerror}")
    for file in files:
        os.close(file)
    return False


def _keep(order: Order, report: int, files: list[int]) -> bool:
    """Start a program and wait for everything below this process; return only in a new process without execution."""
    try:
        _adopt_orphans()
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
        _wait_for_all(program, report)
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
        if order["cores"]:
            os.sched_setaffinity(0, order["cores"])
        _reset_signals()
        if not is_executed:
            os.closerange(STANDARD_STREAMS, MAX_DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, order["descriptor_limits"])
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


def _wait_for_all(program: int, report: int) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return
        if pid == program:
            _tell(report, str(os.waitstatus_to_exitcode(status)))


def _tell(report: int, line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the harness is gone, or has released the child
        os.write(report, line.encode() + b"\n")


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _end_all() -> None:
    """Kill everything below this process, until the keepers have ended."""
    for attempt in range(ATTEMPTS):
        os.killpg(0, END_PROGRAM)  # the keepers are in the group of the guardian, which ignores the signal
        for pid in descendants(os.getpid(), with_guardians=attempt > ATTEMPTS / 2):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        time.sleep(PAUSE_SECONDS)


def _short_directory() -> str | None:
    """Return where to create the directory: None for the usual place, unless its name is too long or has a line end."""
    usual = tempfile.gettempdir()
    fits = len(os.fsencode(usual)) <= LONGEST_DIRECTORY_BYTES and "\n" not in usual
    return None if fits else "/tmp"  # noqa: S108 (mkdtemp)
