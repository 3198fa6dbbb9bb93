"""Which processes listen at an address, as Linux shows it in /proc."""

import os
import socket
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

from upecho.net.address import Address, Family
from upecho.support.errors import UpechoError

NET = Path("/proc/net")
LISTENING, ACCEPTING_FLAG = "0A", 0x10000  # TCP_LISTEN (net/tcp_states.h), __SO_ACCEPTCON (linux/net.h)
MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291 section 2.5.5.2: an IPv4 address as an IPv6 address


def sockets(address: Address) -> set[str]:
    """Return the inodes of the sockets that listen at an address; empty where the system does not show them."""
    try:
        return set(_unix(address.path) if address.family.is_unix else _tcp(address))
    except (OSError, UpechoError):
        return set()


def candidates(address: Address) -> set[str]:
    """Return the inodes of the sockets that may accept connections to an address; empty where they are not shown.

    For a Unix socket these are all that listen, since a server may bind another path and rename it.
    """
    try:
        return set(_unix()) if address.family.is_unix else sockets(address)
    except OSError:
        return set()


def holders(pids: Collection[int], inodes: Collection[str]) -> tuple[list[int], bool]:
    """Return those of some processes that have one of some sockets open, and whether all descriptors could be seen.

    Args:
        pids: Ids of the processes.
        inodes: Inodes of the sockets.
    """
    wanted = {f"socket:[{inode}]" for inode in inodes}
    found, complete = [], True
    for pid in pids:
        try:
            if not wanted.isdisjoint(_open_files(pid)):
                found.append(pid)
        except PermissionError:  # it belongs to another user, as below sudo
            complete = False
        except OSError:  # it has ended
            continue
    return found, complete


def _open_files(pid: int) -> Iterator[str]:
    with os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            try:
                yield os.readlink(entry.path)  # noqa: PTH115 (a server may have thousands)
            except FileNotFoundError:  # it has been closed
                continue


def _unix(path: str | None = None) -> Iterator[str]:
    """Yield the inodes of listening Unix sockets, of all or of those at a path: proc_net_unix in proc(5)."""
    for line in (NET / "unix").read_text(errors="surrogateescape").splitlines()[1:]:
        _, _, _, flags, _, _, inode, *bound = line.split(maxsplit=7)
        if int(flags, 16) & ACCEPTING_FLAG and path in (None, *bound):
            yield inode


def _tcp(address: Address) -> list[str]:
    """Return the inodes of the listening TCP sockets at an address, wildcard addresses included: proc_net_tcp(5)."""
    version, name = address.resolve()
    packed = socket.inet_pton(version, str(name[0]).partition("%")[0])
    own = _at({packed, bytes(len(packed))}, name[1], "tcp6" if address.family is Family.INET6 else "tcp")
    # A socket of IPv6 may accept connections over IPv4 too.
    return own or _at({MAPPED + packed, bytes(16)}, name[1], "tcp6")


def _at(hosts: set[bytes], port: object, table: str) -> list[str]:
    names = {f"{_in_hex(host)}:{port:04X}" for host in hosts}
    return [line[9] for line in _listening_lines(NET / table) if line[1] in names]


def _listening_lines(table: Path) -> Iterator[list[str]]:
    """Yield the fields of the lines of listening sockets, which precede the tens of thousands that there may be."""
    try:
        with table.open() as lines:
            next(lines)
            for line in lines:
                fields = line.split()
                if fields[3] != LISTENING:
                    return
                yield fields
    except FileNotFoundError:  # a system without IPv6
        return


def _in_hex(packed: bytes) -> str:
    """Return an address as the kernel prints it: 32-bit words in the byte order of the machine."""
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
