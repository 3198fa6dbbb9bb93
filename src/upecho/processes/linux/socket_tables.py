"""The tables of sockets in /proc/net, and the sockets of a process. Both name a socket by its inode number."""

import os
from collections.abc import Iterator
from pathlib import Path

from upecho.net.address import Address, Family

NET = Path("/proc/net")


def sockets_of(pid: int) -> set[str]:
    """Return the inode numbers of the sockets that a process has open: proc(5), /proc/PID/fd.

    Raises:
        OSError: The process has ended, or belongs to another user.
    """
    inodes = set()
    with os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            try:
                kind, _, inode = os.readlink(entry.path).partition(":")  # noqa: PTH115 (a server may have thousands)
            except FileNotFoundError:  # it has been closed
                continue
            if kind == "socket":
                inodes.add(inode.strip("[]"))
    return inodes


def rows(table: str) -> Iterator[str]:
    """Yield the lines of a table without its heading; none if the kernel lacks it."""
    try:
        with (NET / table).open(errors="surrogateescape") as lines:
            next(lines)
            yield from (line.rstrip("\n") for line in lines)
    except OSError:  # not Linux, or a kernel without the family
        return


def unix_address(path: str) -> Address:
    """Return the address of a Unix socket that a table shows; it shows each null byte of an abstract name as "@"."""
    if path.startswith("@"):
        return Address(Family.ABSTRACT, path="@" + path[1:].replace("@", "\0"))
    return Address(Family.UNIX, path=path)
