"""What a server owes a client: all that was sent, in upper case, and nothing else. Does no I/O."""

from upecho.conformance.harness.violation import Violation, first_difference, show
from upecho.support.text import plural

# The protocol, written without any method that a server might use for it.
UPPER = bytes(code - 32 if 97 <= code <= 122 else code for code in range(256))


class ExpectedBytes:
    """The answer that is still to come on one connection.

    Attributes:
        received: how many right bytes have come.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self.received = 0

    def __len__(self) -> int:
        return len(self._rest)

    def add(self, sent: bytes | memoryview) -> None:
        """Note what was sent."""
        self._rest += bytes(sent).translate(UPPER)

    def take(self, data: bytes) -> None:
        """Compare what has come with what was owed.

        Raises:
            Violation: it differs, or is more.
        """
        expected = bytes(self._rest[: len(data)])
        if data != expected:
            raise self._mismatch(data, expected)
        del self._rest[: len(data)]
        self.received += len(data)

    def _mismatch(self, data: bytes, expected: bytes) -> Violation:
        if not expected:
            return Violation("silence: nothing is owed", f"surplus bytes {show(data)} after {self.received} right ones")
        offset = first_difference(data, expected)
        where = f"at byte {self.received + offset}"
        if offset == len(expected):
            return Violation(plural(self.received + offset, "byte"), f"surplus bytes {show(data, offset)} {where}")
        return Violation(f"{show(expected, offset)} {where}", show(data, offset))
