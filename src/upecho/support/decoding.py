"""Builds dataclasses from plain data, as JSON brings it, and says where that is not what they are made of."""

import enum
import reprlib
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast

LARGEST = 2**63  # no count here comes near it, and all arithmetic can still be done
NAMES = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}

Kind = TypeVar("Kind")


def build(kind: type[Kind], value: Any) -> Kind:
    """Build a dataclass, and those in it, from what ``dataclasses.asdict`` made of one and JSON carried.

    Raises:
        ValueError: a field is missing, unknown, or not of its type; the text says which.
    """
    return cast(Kind, _of(kind, value, ""))


def _of(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _of(arguments[0], value, where)
    if origin is tuple:
        _expect(isinstance(value, list), value, where, "a list")
        return tuple(_of(arguments[0], one, f"{where}[{number}]") for number, one in enumerate(value))
    if origin in (dict, Mapping):
        _expect(isinstance(value, dict), value, where, "an object")
        return {_of(arguments[0], key, where): _of(arguments[1], one, f"{where}.{key}") for key, one in value.items()}
    if is_dataclass(hint):
        return _object(cast(type, hint), value, where)
    if issubclass(hint, enum.Enum):
        _expect(value in list(hint), value, where, f"one of {', '.join(hint)}")
        return hint(value)
    _expect(_is_plain(hint, value), value, where, NAMES[hint])
    return value


def _object(kind: type, value: Any, where: str) -> Any:
    hints = _hints(kind)
    _expect(isinstance(value, dict), value, where or "it", "an object")
    if wrong := value.keys() ^ hints.keys():
        name = min(wrong)
        raise ValueError(f"{where or 'it'} {'has an unknown' if name in value else 'has no'} {name!r}")
    return kind(**{name: _of(hint, value[name], f"{where}.{name}".lstrip(".")) for name, hint in hints.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _is_plain(kind: type, value: Any) -> bool:
    if kind not in (int, float):
        return isinstance(value, kind)
    right = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
    return right and abs(value) < LARGEST  # which is true of no nan


def _expect(right: bool, value: Any, where: str, what: str) -> None:
    if not right:
        raise ValueError(f"{where} is {reprlib.repr(value)}, not {what}")
