"""Writing a file completely or not at all.

The text goes to a draft in the same directory, hence on the same file system, and is synced before the draft replaces
the file in one step. A reader sees the old file or the new one, also after a crash. If the name of the file ends in
``.gz``, its content is compressed.
"""

import contextlib
import errno
import gzip
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from upecho.support.errors import CallerError, HarnessError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the last one is the limit of a process (ulimit -f)


def check(path: Path) -> None:
    """Verify that a file can be written, before hours of work depend on it.

    Raises:
        CallerError: The file cannot be written.
        HarnessError: The disk is full.
    """
    with _describing_errors(path), _draft(path) as draft:
        draft.touch()


def save(path: Path, text: str) -> None:
    """Write a file; an existing one is replaced in one step, or stays as it is if that fails.

    Raises:
        CallerError: The file cannot be written; no draft is left behind.
        HarnessError: The disk is full; no draft is left behind.
    """
    save_all({path: text})


def save_all(texts: Mapping[Path, str]) -> None:
    """Write several files; none of them changes before there is a complete draft of each.

    Raises:
        CallerError: A file cannot be written; no draft is left behind.
        HarnessError: The disk is full; no draft is left behind.
    """
    with contextlib.ExitStack() as stack:
        drafts = {}
        for number, (path, text) in enumerate(texts.items()):
            with _describing_errors(path):
                drafts[path] = stack.enter_context(_draft(path, number))
                _write(drafts[path], _encoded(path, text))
        for path, draft in drafts.items():
            with _describing_errors(path):
                draft.replace(_real(path))


@contextmanager
def directory(path: Path) -> Iterator[None]:
    """Create a directory for files that are written next, and remove it afterwards if it is empty.

    Raises:
        CallerError: The directory cannot be created.
        HarnessError: The disk is full.
    """
    with _describing_errors(path):
        path.mkdir(exist_ok=True)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.rmdir()


def _write(draft: Path, content: bytes) -> None:
    with draft.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _encoded(path: Path, text: str) -> bytes:
    content = text.encode()
    return gzip.compress(content, mtime=0) if path.suffix == ".gz" else content  # without the time, equal texts agree


@contextmanager
def _draft(path: Path, number: int = 0) -> Iterator[Path]:
    """Yield the path of a draft beside the file; remove the draft afterwards if it still exists.

    Args:
        path: The file.
        number: Number of the draft among those that exist at the same time.
    """
    real = _real(path)
    with contextlib.suppress(FileNotFoundError):
        mode = real.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if not stat.S_ISREG(mode):
            raise OSError(None, "it exists and is not a regular file")
    draft = real.with_name(
        f".upecho.{os.getpid()}.{number}"
    )  # short: the file's own name may be as long as names may be
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _real(path: Path) -> Path:
    """Follow links; for a circle of links, return one of them, where Path.resolve may raise RuntimeError."""
    return Path(os.path.realpath(path))


@contextmanager
def _describing_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = HarnessError if error.errno in FULL else CallerError
        raise kind(str(error.strerror), subject=f"cannot write {path}") from None
