"""The bytes that a server still has to send: everything it received, in upper case, and nothing else. Does no I/O.

Theory of operation
    A server that reads for ever and never answers may be sent hundreds of MiB. So a reply that is expected is not
    copied: what is kept is a view of it, and all views of one block take the memory of that block. What clients send in
    bulk is one block, again and again, with one reply.
"""

from collections import deque
from collections.abc import Iterator

from upecho.conformance.harness.violation import Violation, first_difference, show
from upecho.support.text import plural

# The protocol, written without any method that a server might use to implement it.
UPPER = bytes(code - 32 if 97 <= code <= 122 else code for code in range(256))


def reply_to(data: bytes | memoryview) -> bytes:
    """Return what a server answers."""
    return bytes(data).translate(UPPER)


class Block:
    """Bytes that a client sends in bulk, and their reply.

    Attributes:
        data: The bytes.
        reply: What a server answers.
    """

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self.reply = memoryview(reply_to(data))


class ExpectedBytes:
    """The part of the reply on one connection that has not been received yet; its length is that of the part.

    Attributes:
        received: Number of correct bytes received so far.
    """

    def __init__(self) -> None:
        self._parts: deque[memoryview] = deque()  # none of them is empty
        self._size = 0
        self.received = 0

    def __len__(self) -> int:
        return self._size

    def add(self, reply: bytes | memoryview) -> None:
        """Expect a reply, or a part of one, which must not change any more."""
        if reply:
            self._parts.append(memoryview(reply))
            self._size += len(reply)

    def take(self, data: bytes) -> None:
        """Compare received bytes with the expected ones, and stop expecting them.

        Raises:
            Violation: The bytes differ, or are more than expected.
        """
        offset = 0
        for part in self._first_parts(len(data)):
            if not data.startswith(part, offset):  # a memcmp, which comparing views is not
                break
            offset += len(part)
        if offset < len(data):
            raise self._mismatch(data, b"".join(self._first_parts(len(data))))
        self._discard(offset)

    def _first_parts(self, size: int) -> Iterator[memoryview]:
        """Yield the parts of the first ``size`` bytes, or of as many as are expected."""
        for part in self._parts:
            yield part[:size]
            size -= len(part)
            if size <= 0:
                return

    def _discard(self, size: int) -> None:
        """Stop expecting the first ``size`` bytes, which have been received."""
        self._size -= size
        self.received += size
        while size:
            part = self._parts.popleft()
            if size < len(part):
                self._parts.appendleft(part[size:])
            size -= min(size, len(part))

    def _mismatch(self, data: bytes, expected: bytes) -> Violation:
        if not expected:
            seen = f"surplus bytes {show(data)} after {plural(self.received, 'correct byte')}"
            return Violation("no further bytes", seen)
        offset = first_difference(data, expected)
        where = f"at byte {self.received + offset}"
        if offset == len(expected):
            return Violation(plural(self.received + offset, "byte"), f"surplus bytes {show(data, offset)} {where}")
        return Violation(f"{show(expected, offset)} {where}", show(data, offset))
