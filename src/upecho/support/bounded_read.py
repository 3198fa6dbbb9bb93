"""Reading a file completely, but not for ever: it may be a device without end, or a pipe without a writer."""

import os
import select
import time
from pathlib import Path

from upecho.support import timeouts
from upecho.support.errors import CallerError

MAX_BYTES = 1 << 30
TIMEOUT_SECONDS = 10.0  # for a pipe; a regular file is never waited for
CHUNK_BYTES = 1 << 20


def read_bounded(path: Path) -> bytes:
    """Return the content of a file of text, or its beginning if that cannot be text.

    Raises:
        OSError: The file cannot be read.
        CallerError: There is too much of it, or its end does not come in time. The error does not name the file.
    """
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
    if len(content) > MAX_BYTES:
        raise CallerError(f"the file has more than {MAX_BYTES >> 20} MiB")
    return bytes(content)
