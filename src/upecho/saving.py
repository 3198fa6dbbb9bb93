"""Writes a file as a whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upecho.errors import CallerError


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
        CallerError: it cannot be written, or the disk is full; no part of it is left behind.
    """
    with _explaining(path), _draft(path) as draft:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path.resolve())


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Yield a path beside the real one, on the same file system; whatever is left there is removed."""
    real = path.resolve()
    if real.exists() and not real.is_file():
        raise OSError(None, "it exists and is no regular file")
    draft = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CallerError(f"cannot write {path}: {error.strerror}") from None
