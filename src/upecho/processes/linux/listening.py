"""Which processes listen at which addresses, as Linux shows it from outside. Reads /proc and changes nothing.

The tables in /proc/net list every listening socket of the machine with its inode number, and the descriptors of a
process show the inode numbers of its sockets. A socket that several processes share is one listener.
"""

import ipaddress
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence

from upecho.net.address import Address, Family
from upecho.processes.linux.socket_tables import rows, sockets_of, unix_address
from upecho.support.errors import UpechoError
from upecho.support.text import plural

LISTENING = "0A"  # TCP_LISTEN in linux/tcp_states.h, as the table shows it
ACCEPTS_CONNECTIONS = 0x10000  # __SO_ACCEPTCON in linux/net.h, a flag in the table of Unix sockets
MAPPED = "::ffff:"  # RFC 4291 section 2.5.5.2: begins an IPv4 address that is written as an IPv6 address
WORD_BYTES = 4  # the table shows an IP address as 32-bit numbers, each in the byte order of the machine


def sockets(address: Address) -> set[str]:
    """Return the inodes of the sockets that listen at an address; empty where the system does not show them."""
    try:
        return {inode for inode, found in _unix() if found == address} if address.family.is_unix else _tcp(address)
    except UpechoError:  # the address cannot be resolved
        return set()


def candidates(address: Address) -> set[str]:
    """Return the inodes of the sockets that may accept connections to an address; empty where they are not shown.

    For a Unix socket these are all that listen, since a server may bind another path and rename it.
    """
    return {inode for inode, _ in _unix()} if address.family.is_unix else sockets(address)


def holders(pids: Collection[int], inodes: Collection[str]) -> tuple[list[int], bool]:
    """Return those of some processes that have one of some sockets open, and whether all descriptors could be seen.

    Args:
        pids: Ids of the processes.
        inodes: Inodes of the sockets.
    """
    found, complete = [], True
    for pid in pids:
        try:
            if not sockets_of(pid).isdisjoint(inodes):
                found.append(pid)
        except PermissionError:  # it belongs to another user, as below sudo
            complete = False
        except OSError:  # it has ended
            continue
    return found, complete


def open_sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets that a process has open; none if it has ended or belongs to another user."""
    try:
        return sockets_of(pid)
    except OSError:
        return set()


def listening_addresses(pids: Iterable[int]) -> list[Address]:
    """Return the addresses at which processes listen; none where the system does not show that.

    The kernel shows each null byte of an abstract name as "@"; each "@" after the first is returned as a null byte.

    Args:
        pids: Ids of the processes; those that have ended or belong to another user are ignored.
    """
    own = set().union(*map(open_sockets, pids))
    listeners = [*_in_table("tcp", Family.INET), *_in_table("tcp6", Family.INET6), *_unix()]
    return sorted({address for inode, address in listeners if inode in own}, key=str)


def described(addresses: Sequence[Address]) -> str:
    """Return addresses in words; null bytes at the end of an abstract name are counted, not shown."""
    return " and ".join(map(_described, addresses)) or "no address that can be seen"


def _described(address: Address) -> str:
    name = str(address)
    shown = name.rstrip("\0")
    nulls = len(name) - len(shown)
    return shown.replace("\0", "\\0") + (f" followed by {plural(nulls, 'null byte')}" if nulls else "")


def _tcp(address: Address) -> set[str]:
    """Return the inodes of the listening TCP sockets at an address, wildcard addresses included."""
    name = address.resolve()[1]
    host, port = str(name[0]).partition("%")[0], name[1]

    def at(hosts: set[str], table: str, family: Family) -> set[str]:
        return {inode for inode, found in _in_table(table, family) if found.port == port and found.host in hosts}

    if address.family is Family.INET6:
        return at({host, "::"}, "tcp6", Family.INET6)
    # A socket of IPv6 may accept connections over IPv4 too.
    return at({host, "0.0.0.0"}, "tcp", Family.INET) or at({MAPPED + host, "::"}, "tcp6", Family.INET6)  # noqa: S104


def _in_table(table: str, family: Family) -> Iterator[tuple[str, Address]]:
    """Yield the inode number and the address of each listening TCP socket: proc_net_tcp(5).

    They precede the connections, of which there may be tens of thousands.
    """
    for line in rows(table):
        _, place, _, state, _, _, _, _, _, inode, *_ = line.split()
        if state != LISTENING:
            return
        host, _, port = place.partition(":")
        yield inode, Address(family, host=_ip(host), port=int(port, 16))


def _unix() -> Iterator[tuple[str, Address]]:
    """Yield the inode number and the address of each listening Unix socket: proc_net_unix(5)."""
    for line in rows("unix"):
        _, _, _, flags, _, _, inode, *bound = line.split(None, 7)
        if bound and int(flags, 16) & ACCEPTS_CONNECTIONS:
            yield inode, unix_address(bound[0])


def _ip(digits: str) -> str:
    words = bytes.fromhex(digits)
    if sys.byteorder == "little":
        words = b"".join(words[i : i + WORD_BYTES][::-1] for i in range(0, len(words), WORD_BYTES))
    ip = ipaddress.ip_address(words)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return f"{MAPPED}{mapped}" if mapped else str(ip)  # older Pythons write a mapped address in hexadecimal
