"""Limits of this system that keep some event loops from being used, as texts that say what is missing."""

import errno
import os
import sys
import sysconfig
from pathlib import Path

# This system call has the same number on every architecture except Alpha. With the arguments 0 and None it fails with
# EFAULT, unless it is forbidden or unknown, which the kernel or a filter checks first.
IO_URING_SETUP = 425


def io_uring() -> str:
    """Return why a process may not use io_uring; empty if it may."""
    if sys.platform != "linux":
        return "it needs io_uring, which only Linux has"
    try:
        import ctypes  # noqa: PLC0415 (slow, and few loops need it)
    except ImportError:  # Python was built without libffi
        return "it needs io_uring, and only the module ctypes, which this Python lacks, could tell whether that works"
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(IO_URING_SETUP, 0, None)
    number = ctypes.get_errno()
    if number == errno.ENOSYS:
        return "it needs io_uring, which this system does not have (ENOSYS)"
    if number in (errno.EPERM, errno.EACCES):
        why = "by kernel.io_uring_disabled or by a container's seccomp profile"
        return f"it needs io_uring, which is forbidden here ({errno.errorcode[number]}), {why}"
    return ""


def shared_libpython() -> str:
    """Return that Python is missing as a shared library; empty if the loader can provide it.

    The library is not loaded, because it would then be there for the loop as well.
    """
    name = sysconfig.get_config_var("INSTSONAME") or ""
    if ".so" in name and (_is_loaded(name) or any((place / name).exists() for place in _library_directories())):
        return ""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"it needs a shared libpython{version}, which is missing"


def _is_loaded(library: str) -> bool:
    """Return whether a library is part of this process, as that of Python is if its program is linked to it."""
    try:
        import ctypes  # noqa: PLC0415 (slow, and few loops need it)

        ctypes.CDLL(library, os.RTLD_LAZY | os.RTLD_NOLOAD)
    except (ImportError, OSError):
        return False
    return True


def _library_directories() -> list[Path]:
    """Return where the loader looks for the libraries of an extension module on most systems."""
    architecture = sysconfig.get_config_var("MULTIARCH") or ""
    standard = [Path(place) / below for place in ("/lib", "/usr/lib", "/usr/local/lib") for below in ("", architecture)]
    added = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    return [*map(Path, added), *standard, Path("/lib64"), Path("/usr/lib64")]


def glibc(least: tuple[int, int]) -> str:
    """Return why wheels that need a version of glibc cannot be installed here; empty if they can.

    Args:
        least: The oldest version that suffices.
    """
    present = glibc_version()
    if present is None or present >= least:
        return ""
    return f"its wheels need glibc {_dotted(least)}, but this system has {_dotted(present)}"


def glibc_version() -> tuple[int, int] | None:
    """Return the version of glibc; None if this process uses another C library."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        major, minor = version.split(".")[:2]
        return (int(major), int(minor)) if name == "glibc" else None
    except (ValueError, OSError, AttributeError):  # the name is unknown, or the system has no confstr
        return None


def python(since: tuple[int, int]) -> str:
    """Return why the running version of Python is too old; empty if it is not.

    Args:
        since: The first version that suffices.
    """
    return "" if sys.version_info >= since else f"it needs Python {_dotted(since)} or newer"


def wheels(since: tuple[int, int], until: tuple[int, int] | None) -> str:
    """Return why the running version of CPython has no wheels; empty if it has some.

    Args:
        since: The first version that has.
        until: The last version that has; None if every later version has some.
    """
    if since <= sys.version_info[:2] <= (until or sys.version_info[:2]):
        return ""
    span = f"{_dotted(since)} or newer" if until is None else f"{_dotted(since)} to {_dotted(until)}"
    return f"it has wheels only for CPython {_dotted(since) if since == until else span}"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
