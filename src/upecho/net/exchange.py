"""One exchange with an echo server: bytes out and bytes back at the same time, in constant memory.

A single thread waits for whatever can go on, so that none is stuck in a read from a terminal when the server
has ended. ``select`` is the one call that waits for files, terminals and pipes alike, on every system.
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
    """What is still to be sent, and how many bytes went each way."""

    def __init__(self, connection: socket.socket, text: bytes = b"", source: int | None = None) -> None:
        """Send ``text``, then what can be read from the descriptor ``source``, if there is one."""
        connection.setblocking(False)
        self._connection = connection
        self._unsent = memoryview(text)
        self._source = source
        self._is_sending = True
        self._sent = 0
        self._received = 0

    def run(self, sink: int, timeout: float) -> None:
        """Write the reply to the descriptor ``sink`` until the server ends it.

        The server may take ``timeout`` seconds for each step; whoever feeds ``source`` may take for ever.

        Raises:
            TargetError: the server fell silent, broke off, or did not send as many bytes as it got.
            CallerError: ``source`` cannot be read.
            HarnessError: ``sink`` cannot be written.
            BrokenPipeError: nobody reads ``sink`` any more.
        """
        self._half_close_at_end()
        while (reply := self._step(timeout)) != b"":
            write_all(sink, reply or b"")
            if self._received > self._sent:
                raise TargetError(f"the server sent more than it got: {self._progress()}")
        if self._is_sending or self._received < self._sent:
            raise TargetError(f"the server ended early: {self._progress()}")

    def _step(self, timeout: float) -> bytes | None:
        """Do what can be done next; return what was received, empty at the end, None if nothing was."""
        hungry = self._source is not None and not self._unsent
        readers: list[Any] = [self._connection, self._source] if hungry else [self._connection]
        writers = [self._connection] if self._unsent else []
        readable, writable, _ = select.select(readers, writers, [], None if hungry else timeout)
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
            raise CallerError(f"cannot read stdin: {error.strerror}; give TEXT or redirect a file") from None
        if not data:
            self._source = None
        return data

    def _half_close_at_end(self) -> None:
        if self._is_sending and self._source is None and not self._unsent:
            self._is_sending = False
            try:
                self._connection.shutdown(socket.SHUT_WR)
            except OSError as error:
                if error.errno != errno.ENOTCONN:  # reset, as the next receive is about to say
                    raise

    def _call(self, operation: Callable[[A], R], argument: A) -> R | None:
        """Call the connection; what goes wrong there is the server's doing."""
        try:
            return operation(argument)
        except BlockingIOError:
            return None
        except OSError as error:
            raise TargetError(f"the server broke off: {error.strerror}; {self._progress()}") from None

    def _progress(self) -> str:
        return f"{self._received} bytes came back of {self._sent} sent"


def write_all(sink: int, data: bytes) -> None:
    """Write to a descriptor until all is written.

    Raises:
        HarnessError: it cannot be written.
        BrokenPipeError: nobody reads it any more.
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
            raise HarnessError(f"cannot write to stdout: {error.strerror}") from None
