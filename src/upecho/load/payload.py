"""What an engine sends and what must come back. Shares no code with the servers, on purpose."""

import itertools
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

SPAN_BYTES = 65536  # how far the offsets of requests reach: small enough to stay in a core's own cache
BUFFER_BYTES = 262144  # at most so much is read at once
OFFSETS = 4093  # different ones before they repeat; a prime, so that no number of connections divides it

# The protocol, by arithmetic on ASCII codes: a-z stand 32 above A-Z.
TRANSFORMED = bytes(code - 32 if 97 <= code <= 122 else code for code in range(256))


@dataclass(frozen=True)
class Payload:
    """A random buffer; each request is a window of it at an offset of its own.

    Attributes:
        sent: what requests are cut from.
        expected: what the replies must be, cut at the same places.
        starts: where in it one request after another starts.
        offsets: these, over and over.
        message_size: bytes in each of them.
        buffer: what replies are read into.
    """

    sent: memoryview
    expected: bytes
    starts: "array[int]"
    offsets: Iterator[int]
    message_size: int
    buffer: memoryview

    @classmethod
    def of(cls, message_size: int, seed: int) -> Self:
        """Make the payload for messages of a size; the same seed gives the same bytes and offsets."""
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
