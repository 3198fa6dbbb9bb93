"""The words in which violations and events are reported."""

import re

from upecho.conformance.catalogue import catalogue
from upecho.conformance.harness.violation import (
    FIRST_EVENTS,
    LAST_EVENTS,
    Log,
    first_difference,
    show,
)


def test_long_bytes_are_abbreviated_from_an_offset() -> None:
    assert show(b"abc") == "b'abc'"
    assert show(bytes(100)).endswith("… (100 bytes)")
    assert show(b"abcdef", 4) == "…b'ef'"


def test_first_difference_is_found() -> None:
    assert first_difference(b"abcdef", b"abcxef") == 3
    assert first_difference(b"x", b"y") == 0
    assert first_difference(b"ab", b"abc") == 2


def test_long_log_keeps_its_beginning_and_its_end() -> None:
    log = Log()
    for number in range(1, 1001):
        log.note(f"event {number}")
    wire = log.wire()
    assert [event.text for event in wire.first] == [f"event {number}" for number in range(1, FIRST_EVENTS + 1)]
    assert wire.omitted == 1000 - FIRST_EVENTS - LAST_EVENTS
    assert [event.text for event in wire.last] == [f"event {number}" for number in range(1001 - LAST_EVENTS, 1001)]


def test_events_of_the_last_client_and_resets_are_kept() -> None:
    log = Log()
    for number in range(1, 101):
        log.note(f"client {number}: connected")
        log.note(f"client {number}: {'reset' if number == 50 else 'sending'}")
    log.note("SIGTERM was sent to it")
    log.note("client 20: FIN")
    kept = [event.text for event in log.wire().last]
    assert kept[:3] == ["client 20: connected", "client 20: sending", "client 50: reset"]
    assert kept[-2:] == ["SIGTERM was sent to it", "client 20: FIN"]
    assert len(kept) == LAST_EVENTS


def test_short_log_is_kept_whole() -> None:
    log = Log()
    for number in range(FIRST_EVENTS + 1 + LAST_EVENTS):
        log.note(f"event {number}")
    wire = log.wire()
    assert (len(wire.first), wire.omitted, wire.last) == (FIRST_EVENTS + 1 + LAST_EVENTS, 0, ())
    assert [event.seconds for event in wire.first] == sorted(event.seconds for event in wire.first)


def test_every_check_has_a_requirement_and_a_source() -> None:
    for check in catalogue():
        assert check.requirement.endswith("."), check.id
        assert check.source, check.id
        assert check.families, check.id


def test_no_source_names_a_product() -> None:
    products = re.compile(r"\b(asyncio|uvloop|rloop|libuv|trio|cpython|node|systemd|nginx|socat)\b", re.IGNORECASE)
    assert [check.id for check in catalogue() if products.search(check.source)] == []
