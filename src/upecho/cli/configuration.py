"""The configuration file of ``upecho serve``, and the origin of each value.

A value comes from the flag, else from the environment, else from the file, else it is the default.
"""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from upecho.serving.settings import Settings
from upecho.support import toml_file
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

FILE = "upecho.configuration_file"  # the key in click's context.meta that holds the path
KEYS = ("bind", *Settings._fields)


def origin(context: click.Context | None, parameter: click.Parameter | None) -> str:
    """Return where the value of a parameter was written, so that the user knows what to correct."""
    if context is None or parameter is None or parameter.name is None:
        return "the value"
    source = context.get_parameter_source(parameter.name)
    if source is ParameterSource.ENVIRONMENT:
        return str(parameter.envvar)
    if source is ParameterSource.DEFAULT_MAP:
        return f"{parameter.name} in {context.meta[FILE]}"
    return parameter.opts[0]


def is_from_file(context: click.Context | None, parameter: click.Parameter | None) -> bool:
    """Return whether a value was read from the configuration file, where numbers are numbers and not text."""
    name = parameter.name if parameter else None
    return bool(context and name and context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP)


def use(context: click.Context, parameter: click.Parameter, path: str | None) -> None:
    """Make the values of a configuration file the defaults of a command (a click callback).

    Raises:
        CallerError: The file cannot be read, is not TOML or has an unknown key.
    """
    if path is not None:
        context.meta[FILE] = path
        context.default_map = _read(path, named_by=origin(context, parameter))


def _read(path: str, *, named_by: str) -> dict[str, Any]:
    try:
        values = toml_file.read(Path(path))
    except CallerError as error:
        raise CallerError(f"{named_by}: {error}") from None
    for key in values:
        if key not in KEYS:
            raise CallerError(f"{path}: {unknown_name('key', key, KEYS)}")
    return values
