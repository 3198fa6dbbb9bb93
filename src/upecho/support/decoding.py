"""Building dataclasses from plain data, as JSON carries it, with an error that names the offending field."""

import enum
import reprlib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast

LARGEST = 2**63  # far above any count here, and small enough for all arithmetic on floats
TYPE_NAMES = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}
ADDED_LATER = "added later"  # in the metadata of a field with a default, which the output of earlier versions lacks

Kind = TypeVar("Kind")


def build(kind: type[Kind], value: Any, *, ignore_unknown: bool = False) -> Kind:
    """Build a dataclass, and the dataclasses in it, from the output of ``dataclasses.asdict`` after a trip as JSON.

    Args:
        kind: The dataclass to build.
        value: Plain data: dictionaries, lists, strings, numbers, booleans and None.
        ignore_unknown: Whether keys that are not fields are ignored, for formats to which later versions add keys.

    Raises:
        ValueError: A field is missing although it was not added later, unknown, or of the wrong type; the message names
            it by its path.
    """
    return cast(Kind, _Builder(ignore_unknown).value(kind, value, ""))


@dataclass(frozen=True)
class _Builder:
    """Builds values of any type that fields of dataclasses have.

    Attributes:
        ignore_unknown: Whether keys that are not fields are ignored.
    """

    ignore_unknown: bool

    def value(self, hint: Any, value: Any, path: str) -> Any:
        """Return the value that plain data stands for."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (types.UnionType, typing.Union):
            return None if value is None else self.value(arguments[0], value, path)
        if origin in (tuple, frozenset):
            _expect(isinstance(value, list), value, path, "a list")
            return origin(self.value(arguments[0], item, f"{path}[{index}]") for index, item in enumerate(value))
        if origin in (dict, Mapping):
            _expect(isinstance(value, dict), value, path, "an object")
            of_key, of_item = arguments
            return {
                self.value(of_key, key, path): self.value(of_item, one, f"{path}.{key}") for key, one in value.items()
            }
        if is_dataclass(hint):
            return self._dataclass(cast(type, hint), value, path)
        if issubclass(hint, enum.Enum):
            _expect(value in list(hint), value, path, f"one of {', '.join(hint)}")
            return hint(value)
        _expect(_is_plain(hint, value), value, path, TYPE_NAMES[hint])
        return value

    def _dataclass(self, kind: type, value: Any, path: str) -> Any:
        hints = _hints(kind)
        _expect(isinstance(value, dict), value, path or "it", "an object")
        missing, unknown = hints.keys() - value.keys() - _added_later(kind), value.keys() - hints.keys()
        if wrong := missing if self.ignore_unknown else missing | unknown:
            name = min(wrong)
            raise ValueError(f"{path or 'it'} {'has an unknown' if name in value else 'has no'} {name!r}")
        known = {name: hint for name, hint in hints.items() if name in value}
        return kind(
            **{name: self.value(hint, value[name], f"{path}.{name}".lstrip(".")) for name, hint in known.items()}
        )


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _added_later(kind: type) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind) if field.metadata.get(ADDED_LATER))


def _is_plain(kind: type, value: Any) -> bool:
    """Whether a value has a plain type; a float may be written as an int, and must be finite."""
    if kind not in (int, float):
        return isinstance(value, kind)
    is_number = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) < LARGEST  # False for NaN, too


def _expect(is_right: bool, value: Any, path: str, expected: str) -> None:
    if not is_right:
        raise ValueError(f"{path} is {reprlib.repr(value)}, not {expected}")
