"""The announcement of a server process: it survives the trip, and other output is not mistaken for it."""

import pytest

from upecho.serving.announcement import Ready, Refused, decode, encode
from upecho.support.errors import AddressError, CallerError, Unavailable


def trip(announcement: Ready | Refused) -> Ready | Refused | None:
    empty, line, rest = encode(announcement).split("\n")
    assert (empty, rest) == ("", "")
    assert line.isascii()
    return decode(line)


@pytest.mark.parametrize("address", ["127.0.0.1:80", "unix:/tmp/a on b", "unix:/tmp/\udcff", 'unix:/{"upecho-ready"'])
def test_address_survives_the_trip(address: str) -> None:
    assert trip(Ready(address)) == Ready(address)


@pytest.mark.parametrize("kind", [CallerError, AddressError, Unavailable])
def test_error_survives_the_trip(kind: type[CallerError]) -> None:
    sent = kind("two\nlines", subject="a: b", hint="c; d")
    received = trip(Refused(sent))
    assert isinstance(received, Refused)
    assert type(received.error) is kind
    assert vars(received.error) == vars(sent)


@pytest.mark.parametrize("line", ["", "x", "null", "3", "[]", "{}", '{"a": 1}', "[" * 100_000])
def test_other_output_is_no_announcement(line: str) -> None:
    assert decode(line) is None
