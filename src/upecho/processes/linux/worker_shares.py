"""Which worker of a server has which connection, as Linux shows it from outside. Changes nothing.

Theory of operation
    A worker that waits for its connections with epoll has registered each of them with an epoll instance of its own,
    whose entry in /proc/PID/fdinfo lists the inodes of what is registered: proc(5). So a worker is known by its epoll
    instance, whether it is a process, a thread or an interpreter. Over TCP, the kernel also counts the bytes that each
    connection has received: TCP_INFO, tcp(7).

    Not known is who has a connection that is not registered with exactly one epoll instance, such as that of a server
    which waits in recv(), or with poll() or io_uring.
"""

import contextlib
import os
import re
import socket
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from upecho.net import sock_diag
from upecho.net.address import Address
from upecho.processes.linux import listening
from upecho.processes.linux.socket_tables import rows, sockets_of

EPOLL = "anon_inode:[eventpoll]"
REGISTERED = re.compile(r"^tfd:.* ino:([0-9a-f]+)", re.MULTILINE)
CONNECTED = "03"  # SS_CONNECTED in linux/net.h, as the table of Unix sockets shows it
ESTABLISHED = 1 << 1  # TCP_ESTABLISHED in linux/tcp_states.h
DUMP = 0x300  # NLM_F_DUMP in linux/netlink.h: all sockets that match
INODE_OFFSET = sock_diag.HEADER.size + 68  # idiag_inode in struct inet_diag_msg
RECEIVED = struct.Struct("=Q")
RECEIVED_OFFSET = 128  # tcpi_bytes_received in linux/tcp.h, since Linux 4.1


@dataclass(frozen=True)
class WorkerShare:
    """What one worker of a server has.

    Attributes:
        connections: Number of connections.
        received_bytes: Number of bytes that it has received on them; None over a Unix socket.
    """

    connections: int
    received_bytes: int | None


def worker_shares(pids: Iterable[int], address: Address) -> list[WorkerShare] | None:
    """Return what each worker of a server has, also if that is nothing.

    Args:
        pids: Ids of the processes of the server.
        address: Where it listens.

    Returns:
        The shares; an empty list if several processes have sockets of the server, and it is not known which worker has
        which connection; None if there is no connection, or if only one process has all and nothing else is known.
    """
    sockets = dict(_sockets(pids))
    own = set[str]().union(*sockets.values())
    received = {inode: count for inode, count in _received_bytes(address) if inode in own}
    watched = received.keys() | (listening.candidates(address) & own)
    workers = [registered for pid in sockets for epoll in _epolls(pid) if (registered := epoll & watched)]
    owners = Counter(inode for registered in workers for inode in registered)
    if received and all(owners[inode] == 1 for inode in received):
        return [_share(registered & received.keys(), received) for registered in workers]
    holders = sum(not one.isdisjoint(watched) for one in sockets.values())
    return [] if received and holders > 1 else None


def _share(connections: Collection[str], received: Mapping[str, int | None]) -> WorkerShare:
    counts = [received[inode] for inode in connections]
    known = [count for count in counts if count is not None]
    return WorkerShare(len(counts), sum(known) if len(known) == len(counts) else None)


def _sockets(pids: Iterable[int]) -> Iterator[tuple[int, set[str]]]:
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended, or belongs to another user
            yield pid, sockets_of(pid)


def _epolls(pid: int) -> Iterator[set[str]]:
    """Yield the inodes of what is registered with each epoll instance of a process."""
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:  # it has ended
        for entry in entries:
            with contextlib.suppress(OSError):  # it has been closed
                if os.readlink(entry.path) == EPOLL:  # noqa: PTH115 (a server may have thousands)
                    text = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text()
                    yield {str(int(inode, 16)) for inode in REGISTERED.findall(text)}


def _received_bytes(address: Address) -> Iterator[tuple[str, int | None]]:
    """Yield the inode of each connection to an address, and perhaps others, with the bytes that it has received."""
    if address.family.is_unix:
        yield from ((inode, None) for inode in _unix())
        return
    with contextlib.suppress(OSError):  # this kernel does not answer such requests
        for family in (socket.AF_INET, socket.AF_INET6):  # a socket of IPv6 may accept connections over IPv4 too
            yield from _tcp(family, address.port)


def _unix() -> Iterator[str]:
    """Yield the inode of each connected Unix socket that has a name, as accepted ones do."""
    for line in rows("unix"):
        _, _, _, _, _, state, inode, *bound = line.split(None, 7)
        if bound and state == CONNECTED:
            yield inode


def _tcp(family: int, port: int) -> Iterator[tuple[str, int | None]]:
    request = sock_diag.tcp_request(family, struct.pack("!HH", port, 0), bytes(32), states=ESTABLISHED, flags=DUMP)
    for answer in sock_diag.answers(request):
        (inode,) = struct.unpack_from("=I", answer, INODE_OFFSET)
        information = sock_diag.tcp_info(answer)
        is_counted = len(information) >= RECEIVED_OFFSET + RECEIVED.size
        yield str(inode), RECEIVED.unpack_from(information, RECEIVED_OFFSET)[0] if is_counted else None
