"""Generates the JSON schema of results files; the descriptions are the attribute documentation of the dataclasses.

``python -m tests.results_schema`` prints the schema. A test compares the output with ``docs/results.schema.json``.
"""

import enum
import inspect
import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from upecho.measure.results import FORMAT, Results
from upecho.support.decoding import ADDED_LATER

PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}
ATTRIBUTE = re.compile(r"^    (\w+): (.+?)(?=^    \w|\Z)", re.MULTILINE | re.DOTALL)


def schema() -> dict[str, Any]:
    """Return the schema in JSON Schema 2020-12."""
    defined: dict[str, Any] = {}
    results = _object(Results, defined)
    head = {key: {"const": value} for key, value in FORMAT.head.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FORMAT.schema}, version {FORMAT.version}",
        **results,
        "properties": head | results["properties"],
        "required": [*head, *results["required"]],
        "$defs": defined,
    }


def _object(kind: type, defined: dict[str, Any]) -> dict[str, Any]:
    assert is_dataclass(kind)
    hints, descriptions = typing.get_type_hints(kind), _descriptions(kind)
    properties = {
        field.name: _of(hints[field.name], defined)
        | ({"description": descriptions[field.name]} if field.name in descriptions else {})
        | ({"default": field.default} if field.default is not MISSING and field.default != () else {})
        for field in fields(kind)
    }
    return {
        "description": inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " "),
        "type": "object",
        "properties": properties,
        "required": [field.name for field in fields(kind) if not field.metadata.get(ADDED_LATER)],
        "additionalProperties": False,
    }


def _descriptions(kind: type) -> dict[str, str]:
    """Return the attribute documentation of a class."""
    attributes = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2]
    return {name: " ".join(text.split()) for name, text in ATTRIBUTE.findall(attributes)}


def _of(hint: Any, defined: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN:
        return {"type": PLAIN[hint]}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_of(one, defined) for one in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], defined)}
    if origin in (dict, Mapping):
        names = {"propertyNames": _of(arguments[0], defined)} if arguments[0] is not str else {}
        return {"type": "object", **names, "additionalProperties": _of(arguments[1], defined)}
    if issubclass(hint, enum.Enum):
        return {"enum": [one.value for one in hint]}
    if hint.__name__ not in defined:
        defined[hint.__name__] = {}
        defined[hint.__name__] = _object(hint, defined)
    return {"$ref": f"#/$defs/{hint.__name__}"}


def text() -> str:
    """Return the contents of the schema file."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    print(text(), end="")  # noqa: T201 (the purpose of the program)
