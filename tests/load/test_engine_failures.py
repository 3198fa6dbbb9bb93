"""Each load engine against broken servers: no reply counts that was not verified."""

import itertools
import socket
import threading
from pathlib import Path

import pytest

from tests.load.handlers import Handler, after, answering, correct, load, plan, reset, run, serving, wait_for_end
from upecho.load.plan import Failure, Plan
from upecho.net.address import Address

pytestmark = pytest.mark.usefixtures("engine_name")


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        pytest.param(answering(lambda data: data), Failure.MISMATCH, id="lower-case"),
        pytest.param(answering(lambda data: data.upper()[1:] + b"?"), Failure.MISMATCH, id="shifted"),
        pytest.param(answering(lambda data: data.upper()[:-1] + b"\0"), Failure.MISMATCH, id="last-byte"),
        pytest.param(answering(lambda data: data.upper() + b"!"), Failure.SURPLUS, id="over-sending"),
        pytest.param(answering(lambda data: data.upper() * 2), Failure.SURPLUS, id="twice"),
        pytest.param(after(20, lambda _: None), Failure.EARLY_END, id="ends-early"),
        pytest.param(after(0, lambda _: None), Failure.EARLY_END, id="ends-at-once"),
        pytest.param(after(1 + 50, lambda _: None), Failure.EARLY_END, id="ends-before-the-last"),
        pytest.param(after(20, reset), Failure.RESET, id="resets"),
        pytest.param(after(0, reset), Failure.RESET, id="resets-at-once"),
        pytest.param(after(20, lambda connection: connection.sendall(bytes(32))), Failure.MISMATCH, id="invented"),
    ],
)
def test_failures_are_counted_by_kind(handler: Handler, failure: Failure) -> None:
    assert load(handler).errors == {failure: 1}


def test_every_failed_connection_is_counted() -> None:
    assert load(after(3, reset), plan(connections=5)).errors == {Failure.RESET: 5}


def test_repeated_old_reply_is_a_mismatch() -> None:
    def stale(connection: socket.socket) -> None:
        first = connection.recv(64, socket.MSG_WAITALL).upper()
        connection.sendall(first)
        while connection.recv(64, socket.MSG_WAITALL):
            connection.sendall(first)

    assert load(stale).errors == {Failure.MISMATCH: 1}


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(wait_for_end, id="silent"),
        pytest.param(after(3, wait_for_end), id="falls-silent"),
        pytest.param(answering(lambda data: data.upper()[:-1]), id="truncating"),
    ],
)
def test_silent_server_times_out(handler: Handler) -> None:
    assert load(handler, plan(deadline=0.2)).errors == {Failure.TIMED_OUT: 1}


def test_slow_reply_times_out() -> None:
    def drip(connection: socket.socket) -> None:
        for code in connection.recv(1000, socket.MSG_WAITALL).upper():
            connection.sendall(bytes([code]))
            threading.Event().wait(0.001)  # the pace of the server, not synchronisation

    assert load(drip, plan(size=1000, deadline=0.2)).errors == {Failure.TIMED_OUT: 1}


def test_connection_that_the_server_does_not_close_times_out() -> None:
    released = threading.Event()

    def hold(connection: socket.socket) -> None:
        correct(connection)
        released.wait(10)

    with serving(hold) as address:
        result = run(address, plan(connections=2, deadline=1.0))
        released.set()
    assert result.errors == {Failure.TIMED_OUT: 2}


def test_data_after_the_last_reply_is_surplus() -> None:
    def talk(connection: socket.socket) -> None:
        correct(connection)
        connection.sendall(b"bye")

    assert load(talk).errors == {Failure.SURPLUS: 1}


def test_data_before_the_first_request_is_an_error() -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        wait_for_end(connection)

    assert set(load(greet).errors) <= {Failure.SURPLUS, Failure.MISMATCH}
    assert load(greet).errors


def test_missing_server_is_refused(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address.of(listener)
    assert run(address, plan(connections=3)).errors == {Failure.REFUSED: 1}
    assert run(Address.parse(f"unix:{directory}/none"), plan()).errors == {Failure.REFUSED: 1}


def test_failed_load_has_no_figures() -> None:
    result = load(answering(lambda data: data))
    assert (result.requests, result.elapsed_ns, result.latency.max_ns) == (0, 0, 0)


def test_broken_idle_connection_is_an_error() -> None:
    numbers = itertools.count()

    def answer(connection: socket.socket) -> None:
        if next(numbers) == 2:
            connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
        else:
            correct(connection)

    with serving(answer) as address:
        result = run(address, Plan(2, 64, 0.2, 10.0, idle=1))
    assert result.errors == {Failure.EARLY_END: 1}
