"""SIGINT and SIGTERM as a readable descriptor, and the end of a server that ignores it.

Theory of operation
    Every I/O model can wait for a descriptor, and no two of them agree on how to wait for a signal. So a signal is
    turned into a byte on a socket pair, whose reading end is the stop that a server is given. The Python handler of the
    signal writes it. A server never reads, so the descriptor stays readable.

    Python runs a handler when the main thread returns to the interpreter. A system call that Python makes is
    interrupted for it, but code in C, such as the native server and some event loops, may go on waiting when a signal
    interrupts it. For such code, ``signal.set_wakeup_fd`` makes the C handler write to the pair as well. There is one
    wake-up descriptor for a process, and it belongs to the event loop of the server: asyncio replaces it, and trio
    warns if it is taken. So it is set only for servers that wait in C (``WAITS_IN_C`` in the contract), and a second
    byte is harmless. Other ways to be told in C are worse. Blocking the signals and waiting for them in a thread
    changes the signal mask, which children of the server inherit; and ``faulthandler.register`` inspects the frame of
    a thread at any moment, which crashed CPython 3.13.0 in a test with 30 000 signals.

    The wake-up descriptor receives the number of *every* signal that has a Python handler, such as SIGCHLD in a server
    with children. The pair therefore consists of datagram sockets, and a socket filter makes the kernel drop each
    datagram that does not begin with the number of a stop signal.

    A server may ignore the stop. The first signal starts a timer, and SIGALRM then raises ``TargetError`` in the main
    thread, so that ``finally`` clauses run and a Unix path is removed. An event loop may swallow that exception, and a
    thread that outlives ``serve`` may keep the interpreter alive. So the timer goes on after the exception as well as
    after a regular return, and the second SIGALRM ends the process with ``os._exit``. Before the first stop signal,
    neither the timer nor SIGALRM is touched.

    Not handled: C code that never returns to the interpreter, which only the SIGKILL of a parent can end; children of
    the server, which the server has to stop itself; a server that installs handlers of its own for these signals;
    systems other than Linux have no filter, so there another signal with a Python handler stops a server that waits in
    C, too. Handlers can only be installed in the main thread.
"""

import array
import contextlib
import functools
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from upecho.support.errors import TargetError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
OVERTIME_SECONDS = 1.0  # how long after its grace a server that did not stop is ended from within

# From linux/filter.h and asm-generic/socket.h.
SO_ATTACH_FILTER = 26
BPF_LOAD_BYTE, BPF_JUMP_IF_EQUAL, BPF_RETURN = 0x30, 0x15, 0x06
BPF_WHOLE = 0xFFFFFFFF


@contextmanager
def stop_signals(timeout: float, target: str, *, waits_in_c: bool = False) -> Iterator[socket.socket]:
    """Yield a socket that becomes readable on SIGINT or SIGTERM, and end a server that ignores it.

    Args:
        timeout: Seconds after the first signal before the server counts as ignoring it; 0 ends it at once.
        target: Name of the server, for the error message.
        waits_in_c: Whether the server waits inside C code that does not return to the interpreter for a signal.

    Raises:
        TargetError: The server did not stop in time. It is raised in the main thread, inside the ``with`` block.
    """
    reader, writer = _nonblocking_pair()
    _drop_other_signals(reader)
    requested = threading.Event()
    give_up = functools.partial(_give_up, target)

    def stop(number: int, _frame: FrameType | None) -> None:
        requested.set()
        if not timeout:
            give_up()
        signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, timeout, OVERTIME_SECONDS)
        _wake(writer, number)

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    with reader, writer:
        if waits_in_c:
            signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        _handle_stop_signals(stop)
        try:
            yield reader
        finally:
            _handle_stop_signals(signal.SIG_IGN)  # once the end has begun, a second Ctrl-C must not disturb it
            if waits_in_c:
                signal.set_wakeup_fd(-1)
            if requested.is_set():
                _end_hard_after_overtime()  # serve has returned, but a thread of it may still run
            else:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _nonblocking_pair() -> tuple[socket.socket, socket.socket]:
    """Return a pair of datagram sockets; a signal handler must never block."""
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    reader.setblocking(False)
    writer.setblocking(False)
    return reader, writer


def _give_up(target: str, _number: int = 0, _frame: FrameType | None = None) -> NoReturn:
    _handle_stop_signals(signal.SIG_IGN)
    _end_hard_after_overtime()
    raise TargetError(f"{target} did not stop when told to")


def _end_hard_after_overtime() -> None:
    signal.signal(signal.SIGALRM, _end_hard)
    signal.setitimer(signal.ITIMER_REAL, OVERTIME_SECONDS)


def _end_hard(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"upecho: the server did not stop when told to, and was terminated\n")
    os._exit(TargetError.exit_status)


def _handle_stop_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, handler)


def _drop_other_signals(reader: socket.socket) -> None:
    """Attach a filter that drops each datagram which does not begin with the number of a stop signal; Linux only."""
    if sys.platform != "linux":
        return
    accept, drop = (BPF_RETURN, 0, 0, BPF_WHOLE), (BPF_RETURN, 0, 0, 0)
    # A match jumps over the remaining tests and the drop to the accept, which is why the last test skips least.
    tests = [(BPF_JUMP_IF_EQUAL, skip, 0, number) for skip, number in enumerate(STOP_SIGNALS, 1)][::-1]
    code = [(BPF_LOAD_BYTE, 0, 0, 0), *tests, drop, accept]
    instructions = array.array("B", b"".join(struct.pack("=HBBI", *one) for one in code))
    with contextlib.suppress(OSError):  # a sandbox may forbid filters
        program = struct.pack("HP", len(code), instructions.buffer_info()[0])
        reader.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def _wake(writer: socket.socket, number: int) -> None:
    with contextlib.suppress(BlockingIOError):  # the buffer is full, so the reader has long been readable
        writer.send(bytes([number]))
