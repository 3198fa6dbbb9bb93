"""What an engine sends, and the replies that it expects.

The module deliberately shares no code with the servers, so that a mistake in one does not hide in the other.
"""

import itertools
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

SPAN_BYTES = 65536  # range of the offsets: the payload of small requests stays in a core's own cache
BUFFER_BYTES = 262144  # most bytes read at once
OFFSETS = 4093  # number of different offsets; a prime, so that no number of connections divides it

# The protocol as arithmetic on ASCII codes: a-z are 32 above A-Z.
TRANSFORMED = bytes(code - 32 if 97 <= code <= 122 else code for code in range(256))


@dataclass(frozen=True)
class Payload:
    """A random buffer, from which each request is cut at another offset.

    Attributes:
        sent: Bytes that requests are cut from.
        expected: Bytes that the replies to them are cut from, at the same offsets.
        starts: Offsets of the requests, in order.
        offsets: Endless iterator over the same offsets.
        message_size: Size of each request, in bytes.
        buffer: Buffer that replies are read into.
    """

    sent: memoryview
    expected: bytes
    starts: "array[int]"
    offsets: Iterator[int]
    message_size: int
    buffer: memoryview

    @classmethod
    def of(cls, message_size: int, seed: int) -> Self:
        """Return the payload for messages of a size in bytes; the same seed gives the same bytes and offsets."""
        source = random.Random(seed)
        buffer = source.randbytes(message_size + SPAN_BYTES)
        starts = array("I", source.sample(range(SPAN_BYTES), OFFSETS))
        return cls(
            sent=memoryview(buffer),
            expected=buffer.translate(TRANSFORMED),
            starts=starts,
            offsets=itertools.cycle(starts),
            message_size=message_size,
            buffer=memoryview(bytearray(min(message_size + 1, BUFFER_BYTES))),
        )
