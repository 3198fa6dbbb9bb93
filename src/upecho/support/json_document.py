"""Reading files that contain one JSON object, whose keys ``schema`` and ``version`` say what the others mean."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upecho.support.bounded_read import read_bounded
from upecho.support.errors import CallerError
from upecho.support.text import all_printable

SCHEMA, VERSION = "schema", "version"  # keys of every document


@dataclass(frozen=True)
class Format:
    """A kind of document.

    Attributes:
        name: Name of such a file in errors, such as ``results file``.
        schema: Value of the key ``schema``.
        version: Value of the key ``version`` in the documents that this upecho writes and reads.
        writer: Command that writes such files, as errors name it.
        again: What makes a new file of this kind, as an advice in errors.
    """

    name: str
    schema: str
    version: int
    writer: str
    again: str

    @property
    def head(self) -> dict[str, Any]:
        """The first two keys of each document with their values."""
        return {SCHEMA: self.schema, VERSION: self.version}

    def invalid(self, reason: str) -> CallerError:
        """Return the error that the content of a document contradicts its format."""
        return CallerError(reason, subject=f"invalid {self.name}", hint=self.again)

    def content(self, document: Any) -> dict[str, Any]:
        """Return the other keys of a document with their values, in which control characters are escaped.

        The file may come from somebody else, and reports print parts of it to a terminal.

        Args:
            document: A JSON document, as ``json.loads`` returns it.

        Raises:
            CallerError: The document is of another kind or another version, or nested too deeply.
        """
        if schema_of(document) != self.schema:
            raise CallerError(f'"{SCHEMA}" is not "{self.schema}"', subject=f"not a {self.name}")
        version = document.get(VERSION)
        if version != self.version:
            is_newer = isinstance(version, int) and version > self.version
            raise CallerError(
                f"{self.name} of version {version!r}, but this upecho reads version {self.version}",
                hint="update upecho" if is_newer else self.again,
            )
        try:
            return {key: all_printable(value) for key, value in document.items() if key not in (SCHEMA, VERSION)}
        except RecursionError:
            raise self.invalid("it is nested too deeply") from None


def schema_of(document: Any) -> object:
    """Return the value of the key ``schema``; None if the document has none."""
    return document.get(SCHEMA) if isinstance(document, dict) else None


def parse(text: str, name: str) -> Any:
    """Return a JSON document as plain data.

    Args:
        text: The document.
        name: Name of the kind of file that it should be, for errors.

    Raises:
        CallerError: The text is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CallerError(f"not JSON, or incomplete ({error})", subject=f"not a {name}") from None


def read(path: Path, name: str) -> Any:
    """Read a JSON document, which may be compressed with gzip, and return it as plain data.

    Args:
        path: The file.
        name: Name of the kind of file that it should be, for errors.

    Raises:
        OSError: The file cannot be read.
        CallerError: The file is not JSON, or does not end. The error does not name the file.
    """
    try:
        return parse(read_bounded(path).decode(), name)
    except UnicodeDecodeError:
        raise CallerError("not UTF-8 text", subject=f"not a {name}") from None


@contextlib.contextmanager
def naming(what: Path | str, hint: str = "") -> Iterator[None]:
    """Let the errors from reading a file, and those about its content, name the file.

    Args:
        what: The file, or several as one phrase.
        hint: What to do about an error that does not say so itself, other than one of the system.

    Raises:
        CallerError: The file cannot be read, or its content is wrong.
    """
    try:
        yield
    except OSError as error:
        raise CallerError(str(error.strerror), subject=f"cannot read {what}") from None
    except CallerError as error:
        subject = f"{what}: {error.subject}" if error.subject else str(what)
        raise CallerError(error.reason, subject=subject, hint=error.hint or hint) from None


def written_by(*writers: str) -> str:
    """Return the advice to use a file that one of some commands has written."""
    return f"give a file that {' or '.join(writers)} has written"
