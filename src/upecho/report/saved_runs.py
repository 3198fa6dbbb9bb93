"""Reading a saved run whose kind is not known: the results of ``upecho bench`` or the verdicts of ``upecho check``."""

from pathlib import Path

from upecho.conformance.run.verdicts import document
from upecho.conformance.run.verdicts.document import Document
from upecho.measure import results
from upecho.measure.results import Results
from upecho.support import json_document
from upecho.support.errors import CallerError

NAME = "file of results or verdicts"  # for errors
HINT = json_document.written_by(results.FORMAT.writer, document.FORMAT.writer)


def read_run(path: Path) -> Results | Document:
    """Read a saved run.

    Raises:
        CallerError: The file does not exist, is something else, of another version, incomplete, without end, or
            contradicts itself.
    """
    with json_document.naming(path, HINT):
        content = json_document.read(path, NAME)
        match json_document.schema_of(content):
            case results.FORMAT.schema:
                return Results.from_document(content)
            case document.FORMAT.schema:
                return Document.from_document(content)
        known = f'"{results.FORMAT.schema}" or "{document.FORMAT.schema}"'
        raise CallerError(f'"{json_document.SCHEMA}" is not {known}', subject=f"not a {NAME}")
