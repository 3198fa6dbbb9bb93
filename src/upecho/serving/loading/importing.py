"""Importing code of others, which may be missing, fail in any way, or lie in the current directory."""

import functools
import importlib
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from upecho.serving import registry
from upecho.support.errors import CallerError, Unavailable, Unusable
from upecho.support.paths import current_directory
from upecho.support.text import printable

NOT_FOREIGN = sys.stdlib_module_names | {"upecho"}  # packages in whose frames an author would not look for a mistake


def make_current_directory_importable() -> None:
    """Let ``module:attribute`` be found in the current directory, as ``python -m`` does and a script does not.

    The standard library stays in front. The directory of a lesson may well hold a selectors.py, and which modules have
    been imported already, and can no longer be shadowed, differs between versions of Python.
    """
    here = str(current_directory())
    if not {"", here} & set(sys.path):
        standard = str(Path(os.__file__).parent)
        places = [
            place for place, directory in enumerate(sys.path) if directory in (standard, f"{standard}/lib-dynload")
        ]
        sys.path.insert(max(places, default=-1) + 1, here)


def import_object(location: str, name: str) -> Any:
    """Import an object.

    Args:
        location: Where it is, as ``module:attribute``.
        name: How the user called it.

    Raises:
        CallerError: There is no such module or attribute.
        Unavailable: A package that the module needs is not installed.
        Unusable: The module fails at import.
    """
    module_name, _, attribute = location.partition(":")
    if not all(part.isidentifier() for part in f"{module_name}.{attribute}".split(".")):
        raise CallerError(repr(location), subject="not module:attribute")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise _missing_module(error, module_name, name) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code may raise anything
        if name in registry.BUILT_IN_NAMES:
            raise
        raise Unusable(f"import failed: {described(error)}", subject=name) from None
    try:
        return functools.reduce(getattr, attribute.split("."), module)
    except AttributeError:
        raise CallerError(f"module {module_name} has no {attribute!r}, which {name} refers to") from None


def described(error: BaseException) -> str:
    """Return the type of an exception, its text on one line, and the place in foreign code where it was raised."""
    what = ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))
    return printable(f"{what}{_foreign_frame(error.__traceback__)}")


def _foreign_frame(step: TracebackType | None) -> str:
    """Return the innermost frame of foreign code in brackets; empty if none was reached."""
    where = ""
    while step:
        frame = step.tb_frame
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in NOT_FOREIGN:
            where = f" ({frame.f_code.co_filename}:{step.tb_lineno})"
        step = step.tb_next
    return where


def _missing_module(error: ModuleNotFoundError, module_name: str, name: str) -> CallerError:
    """Return the error for a mistyped module or for a package that is not installed; re-raise a bug of our own."""
    missing = error.name or module_name
    if missing.partition(".")[0] == "upecho" and name in registry.BUILT_IN_NAMES | registry.FRAMEWORK_NAMES:
        raise error
    if ":" in name and module_name.partition(".")[0] == missing.partition(".")[0]:
        return CallerError(f"no module {missing!r}, which {name} refers to")
    hint = f"run pip install {missing}"
    if name in registry.FRAMEWORK_NAMES:
        hint += ", or pip install 'upecho[frameworks]'"
    return Unavailable(f"the package {missing!r} is not installed", subject=name, hint=hint)
