"""Histograms in the layout and the text format of HdrHistogram, with three significant digits.

Every value below 2048 has its own bucket; above that, each power of two is divided into 1024 buckets. The layout and
the format ("V2 compressed", in base64) are those of http://hdrhistogram.org/. The Python package of that name is not
used because it has no wheels for some of the Pythons that upecho supports, where it would need a compiler.
"""

import base64
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

DIGITS = 3
HIGHEST = 3_600_000_000_000  # one hour in nanoseconds; higher values count as this one
LINEAR_BITS = 10  # each power of two has 2**10 buckets

_HEADER = struct.Struct(">iiiiqqd")  # cookie, length, offset, digits, lowest, highest, ratio
_COMPRESSED = struct.Struct(">ii")  # cookie, length
_COOKIE, _COMPRESSED_COOKIE = 0x1C849313, 0x1C849314


def bucket(value: int) -> int:
    """Return the number of the bucket that counts a value, which is at least 0."""
    counted = min(value, HIGHEST)
    dropped = max(0, counted.bit_length() - LINEAR_BITS - 1)
    return (dropped << LINEAR_BITS) + (counted >> dropped)


def highest(number: int) -> int:
    """Return the highest value that a bucket counts."""
    dropped = max(0, (number >> LINEAR_BITS) - 1)
    return (((number - (dropped << LINEAR_BITS)) + 1) << dropped) - 1


def counts_of(values: Iterable[int]) -> Counter[int]:
    """Return the number of values in each bucket."""
    return Counter(map(bucket, values))


def encoded(counts: Mapping[int, int]) -> str:
    """Encode the counts of buckets as text that HdrHistogram's tools read."""
    payload = b"".join(_varint(number) for number in _runs(counts))
    header = _HEADER.pack(_COOKIE, len(payload), 0, DIGITS, 1, HIGHEST, 1.0)
    squeezed = zlib.compress(header + payload)
    return base64.b64encode(_COMPRESSED.pack(_COMPRESSED_COOKIE, len(squeezed)) + squeezed).decode()


def decoded(text: str) -> Counter[int]:
    """Decode the text that ``encoded`` returned.

    Raises:
        ValueError: The text is something else.
    """
    return merged([text])


def merged(texts: Iterable[str]) -> Counter[int]:
    """Decode histograms and return the sum of their counts in each bucket.

    Raises:
        ValueError: A text is not what ``encoded`` returned.
    """
    counts: Counter[int] = Counter()
    for text in texts:
        _add(counts, _payload(text))
    return counts


def _payload(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
        cookie, length = _COMPRESSED.unpack_from(data)
        content = zlib.decompress(data[_COMPRESSED.size : _COMPRESSED.size + length])
        inner, size, *_ = _HEADER.unpack_from(content)
    except (struct.error, zlib.error) as error:
        raise ValueError(f"not a histogram: {error}") from None
    if (cookie, inner) != (_COMPRESSED_COOKIE, _COOKIE):
        raise ValueError("not a histogram in version 2 of HdrHistogram's format")
    return content[_HEADER.size : _HEADER.size + size]


def _add(counts: Counter[int], payload: bytes) -> None:
    """Add the numbers that ``_varint`` encoded to counts.

    A report decodes millions of them, most of which have one byte, so this is one loop.
    """
    bucket_number = number = shift = 0
    for byte in payload:
        number |= (byte & 0x7F) << shift
        if byte >= 0x80:
            shift += 7
            continue
        if number & 1:  # a run of empty buckets
            bucket_number += (number >> 1) + 1
        else:
            counts[bucket_number] += number >> 1
            bucket_number += 1
        number = shift = 0


def _runs(counts: Mapping[int, int]) -> Iterator[int]:
    """Yield the counts in order; a run of empty buckets is one negative number, its length."""
    following = 0
    for number in sorted(counts):
        if number > following:
            yield following - number
        yield counts[number]
        following = number + 1


def _varint(number: int) -> bytes:
    """Encode a signed number, seven bits per byte (ZigZag LEB128)."""
    left = (number << 1) ^ (number >> 63)
    written = bytearray()
    while left > 0x7F:
        written.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*written, left])
