"""What a guardian is told to start, and how that travels over its control socket with the descriptors it needs.

The guardian uses this module too, so it imports next to nothing.
"""

import json
import os
import socket
from typing import TypedDict

SIZE_BYTES = 8  # of the number that precedes an order
DESCRIPTORS = 7  # that come with an order: the report, the spool of stderr (two), the standard streams, the directory


class Order(TypedDict):
    """What to start, and under which conditions.

    Attributes:
        argv: The program and its arguments.
        is_executed: Whether the program is a file to execute; otherwise the new process goes on in this one's code.
        env: Its environment.
        has_fixed_addresses: Whether the addresses of its stack, its heap and its libraries are not randomized.
        cores: Processor cores that it may run on; empty means all of them.
        descriptor_limits: Soft and hard limit of the number of descriptors.
        umask: File mode creation mask.
    """

    argv: list[str]
    is_executed: bool
    env: dict[str, str]
    has_fixed_addresses: bool
    cores: list[int]
    descriptor_limits: tuple[int, int]
    umask: int


def encode(order: Order) -> bytes:
    """Return an order as it travels over the control socket."""
    text = json.dumps(order).encode()
    return len(text).to_bytes(SIZE_BYTES) + text


def receive(control: socket.socket) -> tuple[Order, list[int]] | None:
    """Return the next order with its descriptors; None if the harness is gone."""
    try:
        head, files, _, _ = socket.recv_fds(control, SIZE_BYTES, DESCRIPTORS)
    except ConnectionError:  # the harness ended before it read the path of the directory
        return None
    for file in files:
        os.set_inheritable(file, False)
    if len(head) < SIZE_BYTES:
        return None
    size = int.from_bytes(head)
    text = control.recv(size, socket.MSG_WAITALL)
    return (json.loads(text), files) if len(text) == size else None
