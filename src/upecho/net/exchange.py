"""One exchange with an echo server: sending and receiving at the same time, in constant memory.

A single thread waits for every descriptor at once; with a second thread, one of them could be stuck in a read from a
terminal after the server has ended. ``select`` is the only call that waits for files, terminals and pipes on every
system.
"""

import errno
import os
import select
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from upecho.support.errors import CallerError, HarnessError, TargetError

CHUNK_BYTES = 262_144

A = TypeVar("A")
R = TypeVar("R")


class Exchange:
    """The bytes still to be sent on one connection, and how many have gone each way."""

    def __init__(self, connection: socket.socket, text: bytes = b"", *, source: int | None = None) -> None:
        """Prepare to send.

        Args:
            connection: The connection, which becomes non-blocking.
            text: Bytes to send first.
            source: Descriptor whose contents are sent after ``text`` until it ends; None if there is nothing more.
        """
        connection.setblocking(False)
        self._connection = connection
        self._unsent = memoryview(text)
        self._source = source
        self._is_sending = True
        self._sent = 0
        self._received = 0

    def run(self, sink: int, timeout: float) -> None:
        """Send everything and write the reply to a descriptor until the server closes the connection.

        Args:
            sink: Descriptor that the reply is written to.
            timeout: Seconds that the server may take for each step. Reading ``source`` has no time limit.

        Raises:
            TargetError: The server went silent, closed early, or returned more or fewer bytes than it received.
            CallerError: ``source`` cannot be read.
            HarnessError: ``sink`` cannot be written.
            BrokenPipeError: ``sink`` is a pipe whose reader has gone.
        """
        self._half_close_at_end()
        while (reply := self._step(timeout)) != b"":
            write_all(sink, reply or b"")
            if self._received > self._sent:
                raise TargetError(f"the server sent more than it received: {self._progress()}")
        if self._is_sending or self._received < self._sent:
            raise TargetError(f"the server closed the connection early: {self._progress()}")

    def _step(self, timeout: float) -> bytes | None:
        """Wait for one step and take it; return received bytes, ``b""`` at the end of the reply, None if none came."""
        wants_input = self._source is not None and not self._unsent
        readers: list[Any] = [self._connection, self._source] if wants_input else [self._connection]
        writers = [self._connection] if self._unsent else []
        readable, writable, _ = select.select(readers, writers, [], None if wants_input else timeout)
        if not readable and not writable:
            raise TargetError(f"the server was silent for {timeout:g} seconds: {self._progress()}")
        if self._source in readable:
            self._unsent = memoryview(self._read())
        if writable:
            size = self._call(self._connection.send, self._unsent) or 0
            self._unsent = self._unsent[size:]
            self._sent += size
        self._half_close_at_end()
        reply = self._call(self._connection.recv, CHUNK_BYTES) if self._connection in readable else None
        self._received += len(reply or b"")
        return reply

    def _read(self) -> bytes:
        assert self._source is not None
        try:
            data = os.read(self._source, CHUNK_BYTES)
        except BlockingIOError:  # another process made the terminal or the pipe we share non-blocking
            return b""
        except OSError as error:
            reason = str(error.strerror)
            raise CallerError(reason, subject="cannot read stdin", hint="give TEXT or redirect a file") from None
        if not data:
            self._source = None
        return data

    def _half_close_at_end(self) -> None:
        if self._is_sending and self._source is None and not self._unsent:
            self._is_sending = False
            try:
                self._connection.shutdown(socket.SHUT_WR)
            except OSError as error:
                if error.errno != errno.ENOTCONN:  # a reset, which the next receive will report
                    raise

    def _call(self, operation: Callable[[A], R], argument: A) -> R | None:
        """Call an operation of the connection; a failure there is caused by the server."""
        try:
            return operation(argument)
        except BlockingIOError:
            return None
        except OSError as error:
            reason = f"{error.strerror}; {self._progress()}"
            raise TargetError(reason, subject="the server ended the connection") from None

    def _progress(self) -> str:
        return f"{self._sent} bytes sent, {self._received} received"


def write_all(sink: int, data: bytes) -> None:
    """Write all of ``data`` to a descriptor.

    Raises:
        HarnessError: The descriptor cannot be written.
        BrokenPipeError: The descriptor is a pipe whose reader has gone.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(sink, rest) :]
        except BlockingIOError:  # another process made the terminal or the pipe we share non-blocking
            select.select([], [sink], [])
        except BrokenPipeError:
            raise
        except OSError as error:
            raise HarnessError(str(error.strerror), subject="cannot write to stdout") from None
