"""What the kernel tells about sockets over netlink, as it tells ss(8): sock_diag(7). Only on Linux."""

import errno
import os
import socket
import struct
import sys

AVAILABLE = sys.platform == "linux"
SOCK_DIAG = 4  # NETLINK_SOCK_DIAG in linux/netlink.h
BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY in linux/sock_diag.h: the type of a request and of its answer
REQUEST = 1  # NLM_F_REQUEST in linux/netlink.h
PART_OF_LIST = 2  # NLM_F_MULTI in linux/netlink.h
ANSWER_BYTES = 1 << 16
HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
QUESTION = struct.Struct("=BBBxI")  # struct inet_diag_req_v2 as far as the socket: family, protocol, extensions, states
INFO = 2  # INET_DIAG_INFO in linux/inet_diag.h: an extension, and the type of the attribute that contains it
ALL = 0xFFFFFFFF  # every state; as a cookie, any socket
ATTRIBUTES_OFFSET = HEADER.size + 72  # behind struct inet_diag_msg
ATTRIBUTE = struct.Struct("=HH")  # struct nlattr: length, type


def tcp_request(family: int, ports: bytes, hosts: bytes, *, states: int = ALL, flags: int = 0) -> bytes:
    """Return a request for TCP sockets with what they count (struct tcp_info).

    Args:
        family: Address family.
        ports: Port of the socket and port of its peer, in the order of the network.
        hosts: Address of the socket and address of its peer, of 16 bytes each.
        states: Set of the states that are asked for.
        flags: Flags of the request.
    """
    question = QUESTION.pack(family, socket.IPPROTO_TCP, 1 << INFO - 1, states)
    body = question + ports + hosts + struct.pack("=III", 0, ALL, ALL)
    return HEADER.pack(HEADER.size + len(body), BY_FAMILY, REQUEST | flags, 0, 0) + body


def tcp_info(answer: bytes) -> bytes:
    """Return the struct tcp_info of the socket that a message describes; nothing if it has none."""
    length, offset = HEADER.unpack_from(answer)[0], ATTRIBUTES_OFFSET
    while offset < length:
        size, attribute = ATTRIBUTE.unpack_from(answer, offset)
        if attribute == INFO:
            return answer[offset + ATTRIBUTE.size : offset + size]
        offset += (size + 3) & ~3
    return b""


def answers(request: bytes) -> list[bytes]:
    """Return the messages, one for each socket, with which the kernel answers a request.

    Raises:
        OSError: This kernel does not answer such requests.
    """
    if sys.platform != "linux":
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    found: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, SOCK_DIAG) as netlink:
        netlink.settimeout(0)  # the kernel answers while it takes the request
        netlink.send(request)
        flags = PART_OF_LIST
        while flags & PART_OF_LIST:
            received = netlink.recv(ANSWER_BYTES)
            while received:
                length, kind, flags, *_ = HEADER.unpack_from(received)
                if kind == BY_FAMILY:
                    found.append(received[:length])
                else:  # the end of the list, or an error
                    flags = 0
                received = received[(length + 3) & ~3 :]
    return found
