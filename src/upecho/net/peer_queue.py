"""What the kernel shows of the other end of a TCP connection, if that end is on this machine, and only on Linux.

It is asked over netlink, as ss(8) does: sock_diag(7).
"""

import socket
import struct
import sys
from dataclasses import dataclass

AVAILABLE = sys.platform == "linux"
SOCK_DIAG = 4  # NETLINK_SOCK_DIAG in linux/netlink.h
BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY in linux/sock_diag.h: the type of a request and of its answer
REQUEST = 1  # NLM_F_REQUEST in linux/netlink.h
HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
QUESTION = struct.Struct("=BBBxI")  # struct inet_diag_req_v2 as far as the socket: family, protocol, extensions, states
INFO = 2  # INET_DIAG_INFO in linux/inet_diag.h: an extension, and the type of the attribute that contains it
ALL = 0xFFFFFFFF  # every state; as a cookie, any socket
QUEUES = struct.Struct("=II")  # idiag_rqueue and idiag_wqueue in struct inet_diag_msg
QUEUES_OFFSET = HEADER.size + 56
ATTRIBUTES_OFFSET = HEADER.size + 72
ATTRIBUTE = struct.Struct("=HH")  # struct nlattr: length, type
UNSENT_OFFSET = 144  # tcpi_notsent_bytes in linux/tcp.h, since Linux 4.6
ANSWER_BYTES = 8192
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
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, SOCK_DIAG) as netlink:
            netlink.settimeout(0)  # the kernel answers while it takes the request
            netlink.send(_request(connection))
            return _decode(netlink.recv(ANSWER_BYTES))
    except OSError:  # this kernel does not answer such requests, or the connection has ended
        return None


def _request(connection: socket.socket) -> bytes:
    ends = connection.getpeername(), connection.getsockname()
    ports = struct.pack("!HH", *(end[1] for end in ends))
    hosts = b"".join(_packed(connection.family, end[0]) for end in ends)
    question = QUESTION.pack(connection.family, socket.IPPROTO_TCP, 1 << INFO - 1, ALL)
    body = question + ports + hosts + struct.pack("=III", 0, ALL, ALL)
    return HEADER.pack(HEADER.size + len(body), BY_FAMILY, REQUEST, 0, 0) + body


def _packed(family: int, host: str) -> bytes:
    return socket.inet_pton(family, host.partition("%")[0]).ljust(16, b"\0")


def _decode(answer: bytes) -> SendQueue | None:
    """Return what an answer says; None if it is an error, as where the other end is on another machine."""
    length, kind, *_ = HEADER.unpack_from(answer)
    if kind != BY_FAMILY:
        return None
    _, written = QUEUES.unpack_from(answer, QUEUES_OFFSET)
    offset = ATTRIBUTES_OFFSET
    while offset < length:
        size, attribute = ATTRIBUTE.unpack_from(answer, offset)
        information = answer[offset + ATTRIBUTE.size : offset + size]
        if attribute == INFO and len(information) >= UNSENT_OFFSET + 4:
            return SendQueue(written, int.from_bytes(information[UNSENT_OFFSET:][:4], sys.byteorder))
        offset += (size + 3) & ~3
    return None


def drop_arrivals(connection: socket.socket) -> None:
    """Let the kernel drop what arrives for a connection, so that it acknowledges nothing.

    The peer sends it again later. The kernel is told that everything has come too far. A socket filter would do the
    same, but is reserved to root.
    """
    connection.setsockopt(*LEAST_HOPS[connection.family], MOST_HOPS)


def accept_arrivals(connection: socket.socket) -> None:
    """Undo ``drop_arrivals``."""
    connection.setsockopt(*LEAST_HOPS[connection.family], 0)
