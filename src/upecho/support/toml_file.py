"""Reads the TOML files that users write."""

import stat
import tomllib
from pathlib import Path
from typing import Any

from upecho.support.errors import CallerError


def read(path: Path) -> dict[str, Any]:
    """Return what is in a file.

    Raises:
        CallerError: it cannot be read, is no regular file or is not TOML.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading may never end
            raise CallerError(f"cannot read {path}: it is no regular file")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CallerError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or nested too deep
        raise CallerError(f"{path} is not TOML: {error}") from None
