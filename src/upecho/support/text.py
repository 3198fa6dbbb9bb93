"""Helpers for text that people read: counts of things, untrusted text, names that do not exist."""

from collections.abc import Iterable
from typing import Any

# Kinds with so many names that a message points to a command instead of listing them.
LISTED_BY = {"check": "upecho list --checks shows them all"}


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as ``1 byte`` or ``2 bytes``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def printable(text: str) -> str:
    """Return text from an untrusted program with every control character except the newline escaped.

    A terminal would obey control characters: they can move the cursor, change colours or retitle the window.
    """
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in text)


def all_printable(value: Any) -> Any:
    """Return plain data in which ``printable`` was applied to every string.

    Args:
        value: Plain data: dictionaries, lists, strings, numbers, booleans and None.

    Raises:
        RecursionError: It is nested too deeply.
    """
    if isinstance(value, str):
        return value if value.isprintable() else printable(value)
    if isinstance(value, dict):
        return {all_printable(key): all_printable(item) for key, item in value.items()}
    return [all_printable(item) for item in value] if isinstance(value, list) else value


def unknown_name(kind: str, name: str, known: Iterable[str], *forms: str) -> str:
    """Return a message that a name is unknown, with the nearest known name or the list of all.

    Args:
        kind: What the name stands for, such as ``implementation``.
        name: The name as the user wrote it.
        known: The names that exist.
        forms: Other spellings that are accepted, such as ``module:attribute``; listed after the names.
    """
    import difflib  # noqa: PLC0415 (slow, and only a mistake needs it)

    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    listed = LISTED_BY.get(kind) or f"known: {', '.join([*known, *forms])}"
    hint = f"did you mean {near[0]}?" if near else listed
    return f"unknown {kind} {name!r}; {hint}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
