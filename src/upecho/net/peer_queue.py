"""What the kernel shows of the other end of a TCP connection, if that end is on this machine, and only on Linux."""

import socket
import struct
import sys
from dataclasses import dataclass

from upecho.net.sock_diag import AVAILABLE, HEADER, answers, tcp_info, tcp_request

QUEUES = struct.Struct("=II")  # idiag_rqueue and idiag_wqueue in struct inet_diag_msg
QUEUES_OFFSET = HEADER.size + 56
UNSENT_OFFSET = 144  # tcpi_notsent_bytes in linux/tcp.h, since Linux 4.6
LEAST_HOPS = {  # options that make the kernel drop packets which have fewer hops left: ip(7), RFC 5082
    socket.AF_INET: (socket.IPPROTO_IP, 21),  # IP_MINTTL in linux/in.h
    socket.AF_INET6: (socket.IPPROTO_IPV6, 73),  # IPV6_MINHOPCOUNT in linux/in6.h
}
MOST_HOPS = 255  # Linux sends with 64


@dataclass(frozen=True)
class SendQueue:
    """What one end of a connection has written and the other end has not acknowledged.

    Attributes:
        written: All of it, in bytes.
        unsent: The part of it that the kernel has not sent yet, in bytes.
    """

    written: int
    unsent: int


def send_queue_of_peer(connection: socket.socket) -> SendQueue | None:
    """Return the send queue of the other end of a TCP connection; None where the system does not show it."""
    if not AVAILABLE:
        return None
    try:
        found = answers(_request(connection))
    except OSError:  # this kernel does not answer such requests
        return None
    return _decode(found[0]) if found else None  # the connection has ended, or its other end is on another machine


def _request(connection: socket.socket) -> bytes:
    ends = connection.getpeername(), connection.getsockname()
    ports = struct.pack("!HH", *(end[1] for end in ends))
    hosts = b"".join(_packed(connection.family, end[0]) for end in ends)
    return tcp_request(connection.family, ports, hosts)


def _packed(family: int, host: str) -> bytes:
    return socket.inet_pton(family, host.partition("%")[0]).ljust(16, b"\0")


def _decode(answer: bytes) -> SendQueue | None:
    """Return what an answer says; None if it does not say enough."""
    _, written = QUEUES.unpack_from(answer, QUEUES_OFFSET)
    information = tcp_info(answer)
    if len(information) < UNSENT_OFFSET + 4:
        return None
    return SendQueue(written, int.from_bytes(information[UNSENT_OFFSET:][:4], sys.byteorder))


def drop_arrivals(connection: socket.socket) -> None:
    """Let the kernel drop what arrives for a connection, so that it acknowledges nothing.

    The peer sends it again later. The kernel is told that everything has come too far. A socket filter would do the
    same, but is reserved to root.
    """
    connection.setsockopt(*LEAST_HOPS[connection.family], MOST_HOPS)


def accept_arrivals(connection: socket.socket) -> None:
    """Undo ``drop_arrivals``."""
    connection.setsockopt(*LEAST_HOPS[connection.family], 0)
