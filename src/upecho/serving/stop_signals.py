"""SIGINT and SIGTERM as something that any I/O model can wait for, and the end of who does not heed it."""

import array
import contextlib
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
OVERTIME = 1.0  # seconds beyond its grace after which a server that did not stop is ended from within

# From linux/filter.h and asm-generic/socket.h.
SO_ATTACH_FILTER = 26
BPF_LOAD_BYTE, BPF_JUMP_IF_EQUAL, BPF_RETURN = 0x30, 0x15, 0x06
BPF_WHOLE = 0xFFFFFFFF


@contextmanager
def stop_signals(timeout: float, target: str) -> Iterator[socket.socket]:
    """Turn SIGINT and SIGTERM into a socket that becomes readable; end what is deaf to it.

    Args:
        timeout: seconds after which that is the case; 0 ends the process at once.
        target: what is told to stop.

    Deaf to an exception, too, may be an event loop that swallows it, or a thread that outlives ``serve`` and keeps the
    interpreter from ending. So the timer runs on, and the second time there is no more asking.

    The wake-up descriptor is written by the C handler in whichever thread the signal hits; the Python handler
    writes as well, because event loops put a wake-up descriptor of their own in its place. Each writes the number of
    the signal, by which those that a server handles itself, such as SIGCHLD, are told apart.
    """
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    _drop_other_signals(reader)
    reader.setblocking(False)
    writer.setblocking(False)

    told = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        told.set()
        if not timeout:
            give_up()
        signal.setitimer(signal.ITIMER_REAL, timeout, OVERTIME)
        _wake(writer, number)

    def give_up(_number: int = 0, _frame: FrameType | None = None) -> NoReturn:
        _handle_stop_signals(signal.SIG_IGN)
        signal.signal(signal.SIGALRM, _end_hard)
        signal.setitimer(signal.ITIMER_REAL, OVERTIME)
        raise TargetError(f"{target} did not stop when told to")

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    with reader, writer:
        signal.signal(signal.SIGALRM, give_up)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        _handle_stop_signals(stop)
        try:
            yield reader
        finally:
            _handle_stop_signals(signal.SIG_IGN)  # once the end has begun, a second Ctrl-C must not disturb it
            signal.set_wakeup_fd(-1)
            if told.is_set():  # and it has returned, but may have left something behind that goes on
                signal.signal(signal.SIGALRM, _end_hard)
                signal.setitimer(signal.ITIMER_REAL, OVERTIME)
            else:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _end_hard(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"upecho: the server did not end when told to, and was ended\n")
    os._exit(TargetError.exit_status)


def _handle_stop_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, handler)


def _drop_other_signals(reader: socket.socket) -> None:
    """Have the kernel drop each datagram that does not begin with the number of a stop signal, where it can do that."""
    accept, drop = (BPF_RETURN, 0, 0, BPF_WHOLE), (BPF_RETURN, 0, 0, 0)
    tests = [(BPF_JUMP_IF_EQUAL, skip, 0, number) for skip, number in enumerate(STOP_SIGNALS, 1)][::-1]
    code = [(BPF_LOAD_BYTE, 0, 0, 0), *tests, drop, accept]
    instructions = array.array("B", b"".join(struct.pack("=HBBI", *one) for one in code))
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        program = struct.pack("HP", len(code), instructions.buffer_info()[0])
        reader.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def _wake(writer: socket.socket, number: int) -> None:
    with contextlib.suppress(BlockingIOError):  # full: it has been readable for long
        writer.send(bytes([number]))
