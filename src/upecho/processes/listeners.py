"""At which addresses processes listen, as Linux shows it from outside. Reads /proc and changes nothing.

The tables in /proc/net list every listening socket of the machine with its inode number, and the descriptors of a
process show the inode numbers of its sockets. A socket that several processes share is one listener.
"""

import ipaddress
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from upecho.net.address import Address, Family
from upecho.support.text import plural

LISTEN = "0A"  # TCP_LISTEN in linux/tcp_states.h, as the table shows it
ACCEPTS_CONNECTIONS = 0x10000  # __SO_ACCEPTCON in linux/net.h, a flag in the table of Unix sockets
WORD_BYTES = 4  # the table shows an IP address as 32-bit numbers, each in the byte order of the machine


def listening_addresses(pids: Iterable[int]) -> list[Address]:
    """Return the addresses at which processes listen; none where the system does not show that.

    The kernel shows each null byte of an abstract name as "@"; each "@" after the first is returned as a null byte.

    Args:
        pids: Ids of the processes; those that have ended or belong to another user are ignored.
    """
    own = set().union(*map(_sockets, pids))
    found = {inode: address for inode, address in _listeners() if inode in own}
    return sorted(set(found.values()), key=str)


def described(addresses: Sequence[Address]) -> str:
    """Return addresses in words; null bytes at the end of an abstract name are counted, not shown."""
    return " and ".join(map(_described, addresses)) or "no address that can be seen"


def _described(address: Address) -> str:
    name = str(address)
    shown = name.rstrip("\0")
    nulls = len(name) - len(shown)
    return shown.replace("\0", "\\0") + (f" followed by {plural(nulls, 'null byte')}" if nulls else "")


def _sockets(pid: int) -> set[int]:
    """Return the inode numbers of the sockets that a process has open: proc(5), /proc/PID/fd."""
    directory = f"/proc/{pid}/fd"
    inodes = set()
    try:
        for name in os.listdir(directory):  # noqa: PTH208 (half the cost of iterdir)
            kind, _, inode = os.readlink(f"{directory}/{name}").partition(":")  # noqa: PTH115 (it need not exist)
            if kind == "socket":
                inodes.add(int(inode.strip("[]")))
    except OSError:  # it has ended, closed the descriptor since it was listed, or belongs to another user
        pass
    return inodes


def _listeners() -> Iterator[tuple[int, Address]]:
    """Yield the inode number and the address of each listening socket of the machine."""
    for table, family in (("tcp", Family.INET), ("tcp6", Family.INET6)):
        for row in _rows(table):
            place, state, inode = row[1], row[3], row[9]
            if state == LISTEN:
                host, _, port = place.partition(":")
                yield int(inode), Address(family, host=_ip(host), port=int(port, 16))
    for row in _rows("unix"):
        if int(row[3], 16) & ACCEPTS_CONNECTIONS and len(row) > 7:
            yield int(row[6]), _unix(row[7])


def _rows(table: str) -> Iterator[list[str]]:
    """Yield the fields of each row of a table in /proc/net, the last with any spaces that belong to a path."""
    try:
        lines = os.fsdecode(Path(f"/proc/net/{table}").read_bytes()).split("\n")[1:]
    except OSError:  # not Linux, or a kernel without the family
        return
    fields = 7 if table == "unix" else -1
    yield from (row for line in lines if len(row := line.split(None, fields)) > 6)


def _ip(digits: str) -> str:
    words = bytes.fromhex(digits)
    if sys.byteorder == "little":
        words = b"".join(words[i : i + WORD_BYTES][::-1] for i in range(0, len(words), WORD_BYTES))
    return str(ipaddress.ip_address(words))


def _unix(path: str) -> Address:
    if path.startswith("@"):
        return Address(Family.ABSTRACT, path="@" + path[1:].replace("@", "\0"))
    return Address(Family.UNIX, path=path)
