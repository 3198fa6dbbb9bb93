"""Reading TOML files that users write."""

import stat
import tomllib
from pathlib import Path
from typing import Any

from upecho.support.errors import CallerError


def read(path: Path) -> dict[str, Any]:
    """Return the contents of a TOML file.

    Raises:
        CallerError: The file cannot be read, is not a regular file, or is not TOML.
    """
    subject = f"cannot read {path}"
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a FIFO or a device may never end
            raise CallerError("it is not a regular file", subject=subject)
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CallerError(str(error.strerror), subject=subject) from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or nested too deeply
        raise CallerError(str(error), subject=f"{path} is not TOML") from None
