"""Writes a file as a whole or not at all."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upecho.support.errors import CallerError, HarnessError

FULL = (errno.ENOSPC, errno.EDQUOT)


def check(path: Path) -> None:
    """Make sure, before hours of work, that a file can be written.

    Raises:
        CallerError: it cannot.
    """
    with _explaining(path), _draft(path) as draft:
        draft.touch()


def save(path: Path, text: str) -> None:
    """Write a file; one that was there before is replaced at once or stays as it is.

    Raises:
        CallerError: it cannot be written; no part of it is left behind.
        HarnessError: the disk is full; likewise.
    """
    with _explaining(path), _draft(path) as draft:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(_real(path))


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Yield a path beside the real one, on the same file system; whatever is left there is removed."""
    real = _real(path)
    with contextlib.suppress(FileNotFoundError):
        mode = real.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if not stat.S_ISREG(mode):
            raise OSError(None, "it exists and is no regular file")
    draft = real.with_name(f".upecho.{os.getpid()}")  # short: a name may be as long as names may be
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _real(path: Path) -> Path:
    """Follow links; of such as lead in a circle one is returned, where Path.resolve may raise RuntimeError."""
    return Path(os.path.realpath(path))


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = HarnessError if error.errno in FULL else CallerError
        raise kind(f"cannot write {path}: {error.strerror}") from None
