"""Reading a file completely, but not for ever: it may be a device without end, or a pipe without a writer.

A file that is compressed with gzip is decompressed, whatever its name is.
"""

import os
import select
import time
import zlib
from pathlib import Path

from upecho.support import timeouts
from upecho.support.errors import CallerError

MAX_BYTES = 1 << 30
TIMEOUT_SECONDS = 10.0  # for a pipe; a regular file is never waited for
CHUNK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 section 2.3.1


def read_bounded(path: Path) -> bytes:
    """Return the content of a file of text, or its beginning if that cannot be text.

    Raises:
        OSError: The file cannot be read.
        CallerError: There is too much of it, its end does not come in time, or it is compressed and damaged. The error
            does not name the file.
    """
    content = _read(path)
    return _decompressed(content) if content.startswith(GZIP_MAGIC) else content


def _read(path: Path) -> bytes:
    timeout = timeouts.scaled(TIMEOUT_SECONDS)
    deadline = time.monotonic() + timeout
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # opening a pipe would wait for a writer otherwise
    try:
        content = bytearray()
        while len(content) <= MAX_BYTES and content[:1] != b"\0":
            if not select.select([file], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise CallerError(f"the end of the file did not come within {timeout:g} s")
            if not (chunk := os.read(file, CHUNK_BYTES)):
                return bytes(content)
            content += chunk
    finally:
        os.close(file)
    _expect_bounded(content)
    return bytes(content)


def _decompressed(content: bytes) -> bytes:
    gzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        text = gzip.decompress(content, MAX_BYTES + 1)
    except zlib.error:
        raise CallerError("the compressed file is damaged") from None
    _expect_bounded(text)
    if not gzip.eof:
        raise CallerError("the compressed file is incomplete")
    if gzip.unused_data:
        raise CallerError("the compressed file has data after its end")
    return text


def _expect_bounded(content: bytes | bytearray) -> None:
    if len(content) > MAX_BYTES:
        raise CallerError(f"the file has more than {MAX_BYTES >> 20} MiB")
