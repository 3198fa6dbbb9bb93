"""What a program has written to stderr: a pipe whose content goes to a file of bounded size.

Theory of operation
    A program that writes to a file can fill the disk faster than anybody notices. The kernel suspends one that writes
    to a full pipe, so what is on the disk is what was moved there from the pipe. Its keeper moves it at once, so the
    program has to wait no longer than for another process of the machine; and the harness moves what is left before it
    looks. So what a program has written before anything that the harness sees, such as a reply, is in the file.

    Both move bytes only while they hold a lock on the file, which the kernel releases if they are killed. An offset in
    the file is the number of bytes that were written before. Whenever the size of the file reaches a multiple of
    ``MAX_BYTES``, all but its end is discarded, and a hole remains.

The keeper uses this module, so it imports next to nothing.
"""

import contextlib
import fcntl
import os
import sys
import termios
from collections.abc import Iterator
from typing import NamedTuple

MAX_BYTES = 1 << 24  # on the disk
TAIL_BYTES = 1 << 16  # kept when the rest is discarded
CHUNK_BYTES = 1 << 16


class Spool(NamedTuple):
    """A pipe and the file that its content goes to. Of the threads of a process, only one may use it at a time.

    Attributes:
        pipe: Descriptor of the reading end of the pipe.
        file: Descriptor of the file.
    """

    pipe: int
    file: int

    def drain(self) -> int:
        """Move to the file what is in the pipe now; return the size of the file in bytes, holes included."""
        with self._lock():
            return self._move()

    def read(self, start: int, end: int | None, *, most: int) -> bytes:
        """Return a part of what was written so far; if it is very long, the end of that part.

        Args:
            start: Offset in bytes of the part.
            end: Offset in bytes behind the part; None means everything so far.
            most: Number of bytes to return at most.
        """
        with self._lock():
            written = self._move()
            end = written if end is None else end
            start = max(start, end - most)
            return os.pread(self.file, end - start, start)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        fcntl.lockf(self.file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self.file, fcntl.LOCK_UN)

    def _move(self) -> int:
        size = os.fstat(self.file).st_size
        left = int.from_bytes(fcntl.ioctl(self.pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
        while left > 0:
            data = os.read(self.pipe, min(left, CHUNK_BYTES))
            self._append(data, size)
            left -= len(data)
            size += len(data)
            if size // MAX_BYTES > (size - len(data)) // MAX_BYTES:
                self._discard(size)
        return size

    def _append(self, data: bytes, size: int) -> None:
        """Write data to the end of a file of ``size`` bytes; what the disk has no room for is lost."""
        with contextlib.suppress(OSError):
            if os.pwrite(self.file, data, size) == len(data):
                return
        with contextlib.suppress(OSError):
            os.ftruncate(self.file, size + len(data))  # a hole in its place, so that all offsets stay as they are

    def _discard(self, size: int) -> None:
        """Discard all but the end of a file of ``size`` bytes; its size and all offsets stay as they are."""
        start = max(0, size - TAIL_BYTES)
        tail = os.pread(self.file, TAIL_BYTES, start)
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, tail, start)
