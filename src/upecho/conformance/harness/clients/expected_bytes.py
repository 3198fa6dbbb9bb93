"""The bytes that a server still has to send: everything it received, in upper case, and nothing else. Does no I/O."""

from upecho.conformance.harness.violation import Violation, first_difference, show
from upecho.support.text import plural

# The protocol, written without any method that a server might use to implement it.
UPPER = bytes(code - 32 if 97 <= code <= 122 else code for code in range(256))


def reply_to(data: bytes | memoryview) -> bytes:
    """Return what a server answers."""
    return bytes(data).translate(UPPER)


class ExpectedBytes:
    """The part of the reply on one connection that has not been received yet; its length is that of the part.

    Attributes:
        received: Number of correct bytes received so far.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self.received = 0

    def __len__(self) -> int:
        return len(self._rest)

    def add(self, reply: bytes | memoryview) -> None:
        """Expect a reply, or a part of one."""
        self._rest += reply

    def take(self, data: bytes) -> None:
        """Compare received bytes with the expected ones, and stop expecting them.

        Raises:
            Violation: The bytes differ, or are more than expected.
        """
        if not self._rest.startswith(data):
            raise self._mismatch(data, bytes(self._rest[: len(data)]))
        del self._rest[: len(data)]
        self.received += len(data)

    def _mismatch(self, data: bytes, expected: bytes) -> Violation:
        if not expected:
            seen = f"surplus bytes {show(data)} after {plural(self.received, 'correct byte')}"
            return Violation("no further bytes", seen)
        offset = first_difference(data, expected)
        where = f"at byte {self.received + offset}"
        if offset == len(expected):
            return Violation(plural(self.received + offset, "byte"), f"surplus bytes {show(data, offset)} {where}")
        return Violation(f"{show(expected, offset)} {where}", show(data, offset))
