"""SIGINT and SIGTERM as a readable descriptor, and the end of a server that ignores it.

Theory of operation
    Every I/O model can wait for a descriptor, and no two of them agree on how to wait for a signal. So a signal is
    turned into a byte on a socket pair, whose reading end is the stop that a server is given. A server never reads, so
    the descriptor stays readable, and a second byte is harmless.

    Two writers make sure that the byte arrives. The Python handler writes one, but it runs only when the main thread
    returns to the interpreter. Code in C, such as the native server and some event loops, may wait through a signal;
    and of a server with threads, another thread than the main one may receive it, which wakes nobody: that happens if
    the process was suspended when the signal came. So the C handler writes as well, in whichever thread it runs, if
    upecho's C extension was built (``src/native/notify.c``).

    Without the extension, ``signal.set_wakeup_fd`` does the same. But there is one wake-up descriptor for a process,
    and it belongs to the event loop of the server: asyncio replaces it, and trio warns if it is taken. It receives the
    number of *every* signal that has a Python handler, such as SIGCHLD in a server with children. So on Linux, the pair
    consists of datagram sockets, and a socket filter makes the kernel drop each datagram that does not begin with the
    number of a stop signal. Other ways to be told in C are worse. Blocking the signals and waiting for them in a thread
    changes the signal mask, which children of the server inherit; and ``faulthandler.register`` inspects the frame of
    a thread at any moment, which crashed CPython 3.13.0 in a test with 30 000 signals.

    A server may ignore the stop. The first signal starts a timer, and SIGALRM then raises ``TargetError`` in the main
    thread, so that ``finally`` clauses run and a Unix path is removed. An event loop may swallow that exception, and a
    thread that outlives ``serve`` may keep the interpreter alive. So the timer goes on after the exception as well as
    after a regular return, and the second SIGALRM ends the process with ``os._exit``. Before the first stop signal,
    neither the timer nor SIGALRM is touched.

    Not handled: C code that never returns to the interpreter, which only the SIGKILL of a parent can end; children of
    the server, which the server has to stop itself; a server that installs handlers of its own for these signals;
    systems other than Linux have no filter, so there another signal with a Python handler stops the server, too, if the
    extension is missing. Handlers can only be installed in the main thread.
"""

import array
import contextlib
import functools
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from upecho.support import extension, timeouts
from upecho.support.errors import TargetError, Unavailable

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
OVERTIME_SECONDS = 1.0  # how long after its grace a server that did not stop is ended from within
# For the end of the interpreter after serve has returned. With the modules of a framework, on a busy machine, it took
# more than 1 s.
END_SECONDS = 3.0

# From linux/filter.h and asm-generic/socket.h.
SO_ATTACH_FILTER = 26
BPF_LOAD_BYTE, BPF_JUMP_IF_EQUAL, BPF_RETURN = 0x30, 0x15, 0x06
BPF_WHOLE = 0xFFFFFFFF


@contextmanager
def stop_signals(timeout: float, target: str) -> Iterator[socket.socket]:
    """Yield a socket that becomes readable on SIGINT or SIGTERM, and end a server that ignores it.

    Args:
        timeout: Seconds after the first signal before the server counts as ignoring it; 0 ends it at once.
        target: Name of the server, for the error message.

    Raises:
        CallerError: The scale of deadlines is not a number.
        TargetError: The server did not stop in time. It is raised in the main thread, inside the ``with`` block.
    """
    end_seconds, overtime = timeouts.scaled(END_SECONDS), timeouts.at_least(OVERTIME_SECONDS)
    reader, writer = _nonblocking_pair()
    is_requested = False
    give_up = functools.partial(_give_up, target, overtime)

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal is_requested  # no Event: a handler that interrupts another one would wait for its lock for ever
        is_requested = True
        if not timeout:
            give_up()
        signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, timeout, overtime)
        _wake(writer, number)

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    with reader, writer:
        _handle_stop_signals(stop)
        end_notification = _notify(reader, writer)
        try:
            yield reader
        finally:
            end_notification()
            _handle_stop_signals(signal.SIG_IGN)  # once the end has begun, a second Ctrl-C must not disturb it
            if is_requested:
                _end_hard_after(end_seconds)  # serve has returned, but a thread of it may still run
            else:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _notify(reader: socket.socket, writer: socket.socket) -> Callable[[], object]:
    """Let the C handler of the stop signals write their numbers; return what ends that."""
    try:
        native = extension.require("the notification of signals")
    except Unavailable:
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        _drop_other_signals(reader)
        return functools.partial(signal.set_wakeup_fd, -1)
    for number in STOP_SIGNALS:
        native.notify_begin(number, writer.fileno())
    return lambda: [native.notify_end(number) for number in STOP_SIGNALS]


def _nonblocking_pair() -> tuple[socket.socket, socket.socket]:
    """Return a pair of sockets, of datagrams where they can be filtered; a signal handler must never block.

    Elsewhere a stream, because on the BSDs a full queue of datagrams is not reported as EAGAIN, but as ENOBUFS.
    """
    kind = socket.SOCK_DGRAM if sys.platform == "linux" else socket.SOCK_STREAM
    reader, writer = socket.socketpair(socket.AF_UNIX, kind)
    reader.setblocking(False)
    writer.setblocking(False)
    return reader, writer


def _give_up(target: str, overtime: float, _number: int = 0, _frame: FrameType | None = None) -> NoReturn:
    _handle_stop_signals(signal.SIG_IGN)
    _end_hard_after(overtime)
    raise TargetError(f"{target} did not stop when told to")


def _end_hard_after(seconds: float) -> None:
    signal.signal(signal.SIGALRM, _end_hard)
    signal.setitimer(signal.ITIMER_REAL, seconds)


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
