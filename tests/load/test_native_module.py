"""The C extension below the load engine: what it refuses, what it copies, and what it has in common with Python."""

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from upecho.load import histogram
from upecho.load.plan import SLICE_NS, Failure, Plan
from upecho.measure.plan import scenario_files
from upecho.net.address import Address
from upecho.processes.server_process import ServerProcess

_native = pytest.importorskip("upecho.support._native", reason="the C extension was not built")
native_engine = pytest.importorskip("upecho.load.native_engine")

Start = Callable[..., ServerProcess]

SERVER = "selectors"
SENT = bytes(range(256))
NOWHERE = bytes(16)  # an address of no family; only a plan that is accepted gets as far as to use it


def run_raw(address: bytes = NOWHERE, /, **changed: Any) -> Any:
    """Call the extension itself, with a small plan in which single arguments are changed; return the only result."""
    (result,) = run_threads(address, **changed)
    return result


def run_threads(address: bytes = NOWHERE, /, **changed: Any) -> Any:
    """Call the extension itself, and return the results of all threads."""
    arguments: dict[str, Any] = {
        "address": address,
        "threads": 1,
        "connections": 1,
        "idle": 0,
        "depth": 1,
        "churn": False,
        "interval_ns": 0,
        "duration_ns": 60_000_000_000,
        "deadline_ns": 10_000_000_000,
        "poll_ns": 0,
        "max_requests": 10,
        "message_size": 64,
        "sent": SENT,
        "expected": SENT.upper(),
        "offsets": array("I", [0, 100, 192]),
        "mark": lambda: None,
    }
    return _native.run(**arguments | changed)


def raw(address: Address) -> bytes:
    packed: bytes = native_engine.packed(*address.resolve())
    return packed


BEYOND_32_BITS = 2**32 + 1  # 1, if it is truncated
NUMBERS = {
    "threads": (1, _native.MAX_THREADS),
    "connections": (1, _native.MAX_CONNECTIONS),
    "idle": (0, _native.MAX_CONNECTIONS),
    "depth": (1, _native.MAX_DEPTH),
    "interval_ns": (0, _native.MAX_SPAN_NS),
    "duration_ns": (0, _native.MAX_SPAN_NS),
    "deadline_ns": (0, _native.MAX_SPAN_NS),
    "poll_ns": (0, _native.MAX_POLL_NS),
    "max_requests": (0, _native.MAX_REQUESTS),
}


@pytest.mark.parametrize("field", NUMBERS)
def test_number_outside_its_limits_is_refused(field: str) -> None:
    lowest, highest = NUMBERS[field]
    for value in (lowest - 1, -(2**63), -(2**64), highest + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64 + 1, BEYOND_32_BITS):
        if not lowest <= value <= highest:
            with pytest.raises(ValueError, match=rf"^{field} is {value}; it must be between {lowest} and {highest}$"):
                run_raw(**{field: value})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"idle": 2**20}, "connections + idle is 1048577; it must be at most 1048576"),
        ({"threads": 3, "connections": 2}, "threads is 3; it must be at most 2, the number of connections"),
        ({"churn": True, "depth": 2}, "depth is 2; it must be 1 with churn, where a connection has one request"),
        ({"message_size": 0}, f"message_size is 0; it must be between 1 and {sys.maxsize}"),
        ({"message_size": 2**64 + 64}, f"message_size is {2**64 + 64}; it must be between 1 and {sys.maxsize}"),
        ({"message_size": 257}, "message_size is 257; it must be at most 256, the size of sent"),
        ({"expected": SENT[1:]}, "expected has 255 bytes; it must have 256, the size of sent"),
        ({"offsets": b""}, "offsets has 0 bytes; it must have one or more numbers of 4 bytes"),
        ({"offsets": bytes(5)}, "offsets has 5 bytes; it must have one or more numbers of 4 bytes"),
        (
            {"offsets": array("I", [192, 193])},
            "offsets[1] is 193; it must be at most 192, the size of sent - message_size",
        ),
        ({"address": b"x"}, "address has 1 bytes; it must be a struct sockaddr of 2 to 128 bytes"),
        ({"address": bytes(129)}, "address has 129 bytes; it must be a struct sockaddr of 2 to 128 bytes"),
    ],
)
def test_contradiction_in_a_plan_is_explained(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="; it must ") as raised:
        run_raw(**changed)
    assert str(raised.value) == message


def test_sum_of_connections_that_wraps_is_refused(start: Start) -> None:
    """As 32-bit numbers these add up to 1, and the second connection would be written beyond the only slot."""
    with pytest.raises(ValueError, match=r"^idle is 4294967295; it must be between 0 and "):
        run_raw(raw(start(SERVER).address), connections=2, idle=2**32 - 1)


@pytest.mark.parametrize("churn", [False, True])
def test_largest_plan_is_carried_out(churn: bool, start: Start) -> None:
    """Nothing overflows at the limits: the second scheduled request is due when the load stops."""
    measured = run_raw(
        raw(start(SERVER).address),
        depth=1 if churn else _native.MAX_DEPTH,
        churn=churn,
        interval_ns=_native.MAX_SPAN_NS,
        duration_ns=_native.MAX_SPAN_NS,
        deadline_ns=_native.MAX_SPAN_NS,
        poll_ns=_native.MAX_POLL_NS,
        max_requests=_native.MAX_REQUESTS,
    )
    assert (measured["errors"], measured["slices"]) == ({}, {0: 1})


def test_largest_number_of_connections_is_accepted() -> None:
    with pytest.raises(OSError, match="socket"):  # the address has no family
        run_raw(connections=1, idle=_native.MAX_CONNECTIONS - 1)


def test_plan_beyond_the_limits_of_the_engine_is_refused(start: Start) -> None:
    with pytest.raises(ValueError, match=r"^duration_ns is 1000000000000000000; it must be between 0 and "):
        native_engine.run(start(SERVER).address, Plan(1, 64, duration_seconds=1e9, deadline_seconds=1.0))


def test_offsets_that_change_during_the_run_have_no_effect(start: Start) -> None:
    offsets = array("I", [0, 100, 192])

    def overwrite() -> None:
        offsets[:] = array("I", [2**32 - 1] * 3)

    measured = run_raw(raw(start(SERVER).address), offsets=offsets, mark=overwrite)
    assert (measured["errors"], sum(measured["slices"].values())) == ({}, 10)


def test_expected_bytes_that_change_during_the_run_are_a_mismatch(start: Start) -> None:
    expected = bytearray(SENT.upper())

    def overwrite() -> None:
        expected[:] = bytes(256)

    measured = run_raw(raw(start(SERVER).address), expected=expected, mark=overwrite)
    assert {_native.FAILURES[kind]: count for kind, count in measured["errors"].items()} == {"MISMATCH": 1}


@pytest.mark.parametrize("buffer", ["sent", "expected"])
def test_payload_cannot_be_resized_during_the_run(buffer: str, start: Start) -> None:
    resizable = bytearray(256)
    payload = {"sent": bytes(256), "expected": bytes(256), buffer: resizable}
    with pytest.raises(BufferError):
        run_raw(raw(start(SERVER).address), **payload, mark=resizable.clear)
    resizable.clear()  # after the run nothing holds it


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer needs all address space")
def test_running_out_of_memory_closes_no_foreign_descriptor() -> None:
    """The requests need 16 GiB; when they are refused, the connections are there but have not been opened."""
    script = (
        "import os, resource\n"
        "from upecho.support import _native\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "try:\n"
        "    _native.run(address=bytes(16), threads=1, connections=2**20, idle=0, depth=1024, churn=False,\n"
        "        interval_ns=0, duration_ns=0, deadline_ns=0, poll_ns=0, max_requests=0, message_size=1, sent=b'x',\n"
        "        expected=b'X', offsets=bytes(4), mark=int)\n"
        "except MemoryError:\n"
        "    os.fstat(0)\n"
        "    print('refused')\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("refused\n", "")


@contextmanager
def silent_after_opening(clients: int) -> Iterator[Address]:
    """Answer the first request of each client, and no other."""

    def serve() -> None:
        with contextlib.ExitStack() as connections, contextlib.suppress(ConnectionError):
            opened = [connections.enter_context(_answered(listener)) for _ in range(clients)]
            for connection in opened:
                while connection.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield Address.of(listener)
        thread.join()


def _answered(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
    return connection


def test_polling_ends_after_the_given_time_with_many_connections() -> None:
    """The pause between two polls grows with the connections, to 300 us here; it must not exceed the 1 us of polling.

    The engine polls and sleeps for 20 ms in turn. With the limit that makes 1 ms of polling, without it 11 ms. Another
    process on the core can only add to the time of polling, so the shortest of three times counts.
    """
    connections = 300
    assert 0 < min(_polled_ns(connections) for _ in range(3)) < 4_000_000


def _polled_ns(connections: int) -> int:
    """Return how long the engine polls for replies that do not come, in nanoseconds."""
    with silent_after_opening(connections) as address:
        measured = run_raw(
            raw(address), connections=connections, max_requests=1000, poll_ns=1000, deadline_ns=750_000_000
        )
    assert measured["errors"] == {_native.FAILURES.index("TIMED_OUT"): connections}
    polled: int = measured["polled_ns"]
    return polled


@pytest.mark.parametrize("operation", ["epoll_create1", "fcntl"])
def test_baseline_server_names_the_system_call_that_failed(operation: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    listener = socket.create_server(("127.0.0.1", 0)).detach() if operation == "epoll_create1" else -1
    try:
        if operation == "epoll_create1":
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        with pytest.raises(OSError, match=operation) as raised:
            _native.serve(listener, 0, 0, 65536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert raised.value.filename == operation


@pytest.mark.parametrize(
    ("grace_ns", "receive_size", "message"),
    [
        (-1, 1, "^grace_ns is -1; it must be between 0 and "),
        (2**63 - 1, 1, f"^grace_ns is {2**63 - 1}; it must be between 0 and {_native.MAX_SPAN_NS}$"),
        (0, 0, "^receive_size is 0; it must be between 1 and "),
        (0, 2**64 + 1, f"^receive_size is {2**64 + 1}; it must be between 1 and "),
    ],
)
def test_baseline_server_refuses_numbers_outside_their_limits(grace_ns: int, receive_size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _native.serve(-1, -1, grace_ns, receive_size)


def test_python_and_c_agree_on_constants() -> None:
    assert set(_native.FAILURES) == set(Failure.__members__)
    assert len(_native.FAILURES) == len(Failure)
    assert _native.SLICE_NS == SLICE_NS
    assert _native.HISTOGRAM_HIGHEST == histogram.HIGHEST
    assert _native.HISTOGRAM_LINEAR_BITS == histogram.LINEAR_BITS
    assert histogram.bucket(histogram.HIGHEST) < _native.HISTOGRAM_BUCKETS


def test_engine_carries_out_every_scenario_that_can_be_configured() -> None:
    _, connections = scenario_files.LIMITS["connections"]
    _, idle = scenario_files.LIMITS["idle"]
    assert connections + idle <= _native.MAX_CONNECTIONS
    assert scenario_files.LIMITS["depth"][1] <= _native.MAX_DEPTH


HISTOGRAM_PROGRAM = r"""
#include <inttypes.h>
#include <stdio.h>

#include "histogram.h"

static Histogram histogram;

int
main(void)
{
    int64_t value;
    while (scanf("%" SCNd64, &value) == 1)
        printf("%" PRIu32 "\n", histogram_bucket(value));
    for (int count = 0; count < 6000000; count++)
        histogram_count(&histogram, HISTOGRAM_HIGHEST);
    printf("%" PRIu64 "\n%" PRIu64 "\n", histogram.sum_high, histogram.sum_low);
    return 0;
}
"""


@pytest.mark.skipif(not shutil.which("gcc"), reason="this compiles a program")
def test_histogram_in_c_is_that_of_python(directory: Path) -> None:
    """The buckets are the same, and the sum of many large values does not wrap at 64 bits."""
    edges = [(1 << bits) + near for bits in range(42) for near in (-1, 0, 1)]
    values = [*range(5000), *edges, histogram.HIGHEST - 1, histogram.HIGHEST]
    source, program = directory / "histogram.c", directory / "histogram"
    source.write_text(HISTOGRAM_PROGRAM)
    headers = Path(__file__).parents[2] / "src" / "native"
    subprocess.run(["gcc", "-std=c11", "-O1", f"-I{headers}", "-o", program, source], check=True, timeout=60)
    text = "\n".join(map(str, values))
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True, timeout=60)
    *buckets, sum_high, sum_low = map(int, done.stdout.split())
    assert buckets == [histogram.bucket(value) for value in values]
    assert (sum_high << 64) + sum_low == 6_000_000 * histogram.HIGHEST > 2**64
