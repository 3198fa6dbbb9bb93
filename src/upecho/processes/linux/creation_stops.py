"""Stops a process whenever it creates or renames a file in a directory, to show what the file is like at that moment.

Theory of operation
    A server binds a Unix path with one system call and may change its permissions with the next one, some microseconds
    later. Looking again and again would miss that moment most of the time. Linux can send a signal when something
    happens in a directory (``F_NOTIFY`` in fcntl(2), "dnotify"), and the signal may be SIGSTOP. The system call that
    creates the file sends it, so the process stops when that call returns, before it can make another one. A thread of
    this process looks for the stop, calls a function, and lets the process continue.

    The watch needs the process group before the server runs. So the process starts as a shell, which writes its process
    id to a file, stops itself until the watch is set up, and then becomes the server.

    Not handled: in a process with several threads, the signal stops the main thread first, so another thread may get
    a little further. Children that leave the process group are not stopped. Systems without dnotify stop nothing. In
    all of these cases a moment may be missed; what is seen is always true.
"""

import contextlib
import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from upecho.processes.linux import process_tree
from upecho.processes.refusals import start_thread

POLL_INTERVAL_SECONDS = 0.001  # between two looks for a stopped process
# Writes its process id to the file $0, stops, and becomes the program once it is continued.
GATE = 'echo $$ >"$0" && kill -STOP $$ && exec "$@"'


@contextmanager
def stopping_at_creation(directory: Path, pid_file: Path, look: Callable[[], None]) -> Iterator[list[str]]:
    """Yield what to put before a command, so that it stops at each creation or renaming in ``directory``.

    The stops end with the ``with`` block. Where the system does not show processes, nothing is stopped.

    Args:
        directory: The directory.
        pid_file: A path outside of it at which nothing exists.
        look: Called in another thread while the process is stopped.
    """
    if not process_tree.AVAILABLE:
        yield []
        return
    ended = threading.Event()
    watch = start_thread(_watch, directory, pid_file, look, ended)
    try:
        yield ["/bin/sh", "-c", GATE, str(pid_file)]
    finally:
        ended.set()
        watch.join()


def _watch(directory: Path, pid_file: Path, look: Callable[[], None], ended: threading.Event) -> None:
    while not (pid := _written_pid(pid_file)) or not _is_stopped(pid):
        if ended.wait(POLL_INTERVAL_SECONDS):
            return
    try:
        with _signalling(directory, pid):
            _continue(pid)
            while not ended.wait(POLL_INTERVAL_SECONDS):
                if _is_stopped(pid):
                    look()
                    _continue(pid)
    finally:
        _continue(pid)  # it may have been stopped since the last look


@contextmanager
def _signalling(directory: Path, pid: int) -> Iterator[None]:
    """Make the kernel send SIGSTOP to the process group at each creation or renaming in a directory, if it can."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # the process has ended, or the kernel lacks dnotify
                fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgid(pid))
                fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGSTOP)
                fcntl.fcntl(descriptor, fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_RENAME | fcntl.DN_MULTISHOT)
        yield
    finally:
        os.close(descriptor)


def _written_pid(pid_file: Path) -> int:
    """Return the process id in a file; 0 if it is not there yet."""
    try:
        text = pid_file.read_text()
    except FileNotFoundError:
        return 0
    return int(text) if text.endswith("\n") else 0


def _is_stopped(pid: int) -> bool:
    """Whether the main thread of a process is stopped; the rest of the process group costs too much to look at."""
    return process_tree.state(pid) == "T"


def _continue(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpgid(pid), signal.SIGCONT)
