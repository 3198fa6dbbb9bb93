"""The C extension: the load engine, the baseline server and signal notifications. Its sources are in ``src/native``."""

from array import array
from collections.abc import Callable
from typing import Any, Final

INTERFACE: Final[int]
"""Number of the interface, which ``extension.require`` compares."""
COMPILER: Final[str]
"""Name and version of the compiler that built the extension."""
FAILURES: Final[tuple[str, ...]]
"""Names of the members of ``plan.Failure``; the position of a name is its key in the errors of a result."""
SLICE_NS: Final[int]
"""Nanoseconds of each slice of a result."""
HISTOGRAM_BUCKETS: Final[int]
"""Number of buckets of a histogram."""
HISTOGRAM_HIGHEST: Final[int]
"""Largest value that a histogram tells apart; larger ones are counted as this one."""
HISTOGRAM_LINEAR_BITS: Final[int]
"""Binary logarithm of the number of buckets for each power of two."""
MAX_CONNECTIONS: Final[int]
"""Largest sum of ``connections`` and ``idle``."""
MAX_DEPTH: Final[int]
"""Largest ``depth``."""
MAX_POLL_NS: Final[int]
"""Largest ``poll_ns``."""
MAX_REQUESTS: Final[int]
"""Largest ``max_requests``, which no run reaches."""
MAX_SPAN_NS: Final[int]
"""Largest ``interval_ns``, ``duration_ns``, ``deadline_ns`` and ``grace_ns``: a week."""
MAX_THREADS: Final[int]
"""Largest ``threads``."""

def run(
    *,
    address: bytes | bytearray | memoryview | array[int],
    threads: int,
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
) -> list[dict[str, Any]]:
    """Carry out a load plan, without holding the interpreter's lock.

    Args:
        address: A ``struct sockaddr`` with the server's address.
        threads: Number of threads among which the connections are divided evenly; at most as many as ``connections``.
            If the process may use exactly as many cores, each thread runs on one of them.
        connections: Number of connections that carry the load.
        idle: Number of further connections, which stay silent during the load.
        depth: Number of requests in flight on each connection; 1 with churn.
        churn: Whether each request has a connection of its own.
        interval_ns: Nanoseconds between two scheduled requests; 0 for a closed loop.
        duration_ns: Nanoseconds for which new requests are started.
        deadline_ns: Nanoseconds after which the run ends in any case.
        poll_ns: Nanoseconds for which the engine polls before it sleeps.
        max_requests: Number of requests after which no more are started.
        message_size: Bytes of each request and of each reply.
        sent: Buffer that requests are cut from.
        expected: Buffer of the same size that holds the replies at the same offsets.
        offsets: Buffer of unsigned 32-bit numbers, the offsets of successive requests; it is copied.
        mark: Called immediately before and after the load, with nothing in flight.

    Returns:
        For each thread a dictionary. ``errors``: the number of failures by position in ``FAILURES``; ``slices``: the
        number of verified replies by slice of the load; ``latency`` and ``lag``: tuples of the counts by bucket, the
        sum, the minimum and the maximum in nanoseconds; ``elapsed_ns``: nanoseconds from the start of the load to the
        last verified reply; ``polled_ns``: nanoseconds spent in empty polls; ``cpu_ns``, ``waited_ns`` and
        ``switches``: for how many nanoseconds the thread ran during the load, for how many it waited for a processor,
        and how often it was interrupted. Counts of 0 are left out.

    Raises:
        ValueError: An argument, which the message names, is not within its limits.
        OSError: A system call failed in one of the threads; its name is the exception's ``filename``.
        MemoryError: There is not enough memory for the connections.
    """

def serve(listener: int, stop: int, grace_ns: int, receive_size: int, /) -> None:
    """Run the baseline server, without holding the interpreter's lock.

    Args:
        listener: Descriptor of a listening socket; it is closed before the function returns.
        stop: Descriptor that becomes readable when the server should shut down.
        grace_ns: Nanoseconds that connected clients then have to finish.
        receive_size: Largest number of bytes that one read asks for.

    Raises:
        ValueError: ``grace_ns`` or ``receive_size`` is not within its limits; the listener stays open.
        OSError: A system call failed; its name is the exception's ``filename``.
    """

def notify_begin(number: int, descriptor: int, /) -> None:
    """Let the C handler of a signal write the number of the signal to a descriptor, before it calls Python's handler.

    Args:
        number: Number of a signal that has a Python handler.
        descriptor: Descriptor that does not block.

    Raises:
        OSError: The signal has no Python handler, or notifies already.
    """

def notify_end(number: int, /) -> None:
    """Restore the C handler of a signal, unless another one has been installed since.

    Args:
        number: Number of the signal.

    Raises:
        OSError: There is no such signal.
    """
