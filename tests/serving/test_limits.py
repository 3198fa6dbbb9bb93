"""What this system lacks: io_uring, a shared libpython, wheels for its C library and its Python."""

import errno
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from upecho.serving import limits

# A seccomp filter that lets one system call fail with an error, as container runtimes install it.
FORBID = """
import ctypes, struct, sys
from upecho.serving import limits
number = int(sys.argv[1])
code = [(0x20, 0, 0, 0), (0x15, 0, 1, limits.IO_URING_SETUP), (0x06, 0, 0, 0x50000 | number), (0x06, 0, 0, 0x7FFF0000)]
program = b"".join(struct.pack("HBBI", *line) for line in code)
buffer = ctypes.create_string_buffer(program)
header = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(header), 0, 0):  # no new privileges, then the filter
    sys.exit("no filter: " + str(ctypes.get_errno()))
print(limits.io_uring())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has seccomp")
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EPERM, "it needs io_uring, which is forbidden here (EPERM), by kernel.io_uring_disabled or by "),
        (errno.ENOSYS, "it needs io_uring, which this system does not have (ENOSYS)"),
        (errno.EFAULT, ""),
    ],
)
def test_filter_forbids_io_uring(number: int, reason: str) -> None:
    done = subprocess.run([sys.executable, "-c", FORBID, str(number)], capture_output=True, text=True, check=False)
    if done.stderr.startswith("no filter"):
        pytest.skip(done.stderr)
    assert done.stdout.strip().startswith(reason)
    assert bool(done.stdout.strip()) is bool(reason)


def test_only_linux_has_io_uring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert limits.io_uring() == "it needs io_uring, which only Linux has"


@pytest.mark.parametrize("present", [True, False])
def test_shared_libpython_is_looked_for_where_the_loader_does(
    present: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"INSTSONAME": "libpython9.9.so.1.0"}.get)
    monkeypatch.setenv("LD_LIBRARY_PATH", f":{tmp_path}")
    if present:
        (tmp_path / "libpython9.9.so.1.0").touch()
    version = ".".join(map(str, sys.version_info[:2]))
    assert limits.shared_libpython() == ("" if present else f"it needs a shared libpython{version}, which is missing")


def test_python_without_a_shared_library_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"INSTSONAME": "libpython3.13.a"}.get)
    assert limits.shared_libpython().startswith("it needs a shared libpython")


def test_library_of_a_linked_interpreter_counts_as_present() -> None:
    if not Path("/proc/self/maps").exists() or "libpython3" not in Path("/proc/self/maps").read_text():
        pytest.skip("this Python is not linked to a shared library")
    assert limits.shared_libpython() == ""


@pytest.mark.parametrize(
    ("text", "version"), [("glibc 2.36", (2, 36)), ("glibc 2.39.9000", (2, 39)), ("musl 1.2", None), (None, None)]
)
def test_version_of_glibc_is_read(
    text: str | None, version: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "confstr", lambda name: text)
    assert limits.glibc_version() == version


def test_wheels_for_glibc_are_not_judged_under_another_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "glibc_version", lambda: None)
    assert limits.glibc((2, 99)) == ""


def test_newer_glibc_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "glibc_version", lambda: (3, 0))
    assert limits.glibc((2, 39)) == ""
