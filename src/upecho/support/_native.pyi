from array import array
from collections.abc import Callable
from typing import Any

COMPILER: str

def run(
    *,
    address: bytes | bytearray | memoryview | array[int],
    connections: int,
    idle: int,
    depth: int,
    churn: bool,
    interval_ns: int,
    duration_ns: int,
    deadline_ns: int,
    poll_ns: int,
    max_requests: int,
    message_size: int,
    sent: bytes | bytearray | memoryview | array[int],
    expected: bytes | bytearray | memoryview | array[int],
    offsets: bytes | bytearray | memoryview | array[int],
    mark: Callable[[], object],
) -> dict[str, Any]: ...
def serve(listener: int, stop: int, grace_ns: int, receive_size: int, /) -> None: ...
