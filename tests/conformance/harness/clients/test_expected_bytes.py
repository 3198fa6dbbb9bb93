"""The bytes that a server still has to send: whatever the pieces, only the exact answer is accepted."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upecho.conformance.harness.clients.expected_bytes import Block, ExpectedBytes, reply_to
from upecho.conformance.harness.violation import Violation

CUTS = st.lists(st.integers(1, 50), min_size=1)


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    """Return the data in pieces of the given sizes, used again and again."""
    found: list[bytes] = []
    while data:
        size = sizes[len(found) % len(sizes)]
        found.append(data[:size])
        data = data[size:]
    return found


def take_all(expected: ExpectedBytes, received: list[bytes]) -> None:
    for piece in received:
        expected.take(piece)


@given(st.lists(st.binary()), CUTS)
def test_right_answer_is_accepted_in_any_pieces(messages: list[bytes], sizes: list[int]) -> None:
    expected = ExpectedBytes()
    for message in messages:
        expected.add(reply_to(message))
    answer = b"".join(messages).upper()
    take_all(expected, pieces(answer, sizes))
    assert (len(expected), expected.received) == (0, len(answer))


@given(st.binary(min_size=1), CUTS, st.data())
def test_wrong_byte_is_found_at_its_offset(message: bytes, sizes: list[int], data: st.DataObject) -> None:
    expected = ExpectedBytes()
    expected.add(reply_to(message))
    answer = bytearray(message.upper())
    offset = data.draw(st.integers(0, len(answer) - 1))
    answer[offset] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Violation, match=rf"at byte {offset}\b"):
        take_all(expected, pieces(bytes(answer), sizes))


@given(st.binary(), st.binary(min_size=1))
def test_surplus_bytes_are_refused(message: bytes, surplus: bytes) -> None:
    expected = ExpectedBytes()
    expected.add(reply_to(message))
    with pytest.raises(Violation, match="surplus bytes"):
        expected.take(message.upper() + surplus)


def test_reply_to_a_block_takes_no_memory_however_often_it_is_expected() -> None:
    block, expected = Block(bytes(1 << 20)), ExpectedBytes()
    tracemalloc.start()
    for _ in range(256):
        expected.add(block.reply)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(expected), peak < 1 << 20) == (256 << 20, True)


def test_mismatch_shows_no_more_than_was_received() -> None:
    block, expected = Block(bytes(1 << 20)), ExpectedBytes()
    for _ in range(64):
        expected.add(block.reply)
    tracemalloc.start()
    with pytest.raises(Violation, match="at byte 1"):
        expected.take(b"\0wrong")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
