"""Addresses: every form is parsed and formatted, everything else is refused."""

import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upecho.net.address import MAX_PATH_BYTES, Address, Family
from upecho.support.errors import AddressError, Unavailable

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets exist on Linux only")

FORMS = [
    ("127.0.0.1:8080", Address(Family.INET, host="127.0.0.1", port=8080)),
    ("localhost:0", Address(Family.INET, host="localhost")),
    ("0.0.0.0:65535", Address(Family.INET, host="0.0.0.0", port=65535)),
    ("[::1]:80", Address(Family.INET6, host="::1", port=80)),
    ("unix:/tmp/x.sock", Address(Family.UNIX, path="/tmp/x.sock")),
    ("unix:relative:1", Address(Family.UNIX, path="relative:1")),
    ("unix:@name", Address(Family.ABSTRACT, path="@name")),
]


@pytest.mark.parametrize(("text", "address"), FORMS)
def test_each_form_is_parsed_and_formatted(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


NO_ADDRESSES = ("", "8080", ":8080", "localhost", "host:", "host:http", "h:-1", "h:٨", "::1:80")
NO_PATHS = ("unix:", "unix:@", "unix:a\0b", "unix:a\nb")


@pytest.mark.parametrize("text", NO_ADDRESSES + NO_PATHS)
def test_malformed_address_is_reported(text: str) -> None:
    with pytest.raises(AddressError, match="not an address") as raised:
        Address.parse(text)
    assert repr(text) in str(raised.value)


def test_port_above_the_last_is_reported() -> None:
    with pytest.raises(AddressError, match=r"not a port: 65536 .* 0 to 65535"):
        Address.parse("localhost:65536")


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize("letter", ["x", "ä", "\udcff"])
def test_path_length_is_counted_in_bytes(letter: str) -> None:
    longest = letter * (MAX_PATH_BYTES // len(os.fsencode(letter)))
    longest += "x" * (MAX_PATH_BYTES - len(os.fsencode(longest)))
    assert Address.parse("unix:" + longest).path == longest
    with pytest.raises(AddressError, match=f"too long: {MAX_PATH_BYTES + 1} bytes, at most {MAX_PATH_BYTES}"):
        Address.parse(f"unix:{longest}x")


@pytest.mark.parametrize(
    "text", ["127.0.0.1:0", "[::1]:0", pytest.param("unix:@upecho-test-address", marks=linux_only)]
)
def test_address_of_a_bound_socket(text: str) -> None:
    requested = Address.parse(text)
    version, name = requested.resolve()
    with socket.socket(version, socket.SOCK_STREAM) as bound:
        bound.bind(name)
        real = Address.of(bound)
    assert (real.family, real.host, real.path) == (requested.family, requested.host, requested.path)
    assert requested.family.is_unix or real.port > 0


def test_unknown_host_is_a_caller_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*arguments: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(AddressError, match=r"unknown host 'no\.example' in no\.example:80: Name or service"):
        Address.parse("no.example:80").resolve()


def test_ascii_host_is_resolved_without_the_idna_codec() -> None:
    resolve = "from upecho.net.address import Address; Address.parse('127.0.0.1:80').resolve()"
    check = f"import sys; {resolve}; sys.exit('encodings.idna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_host_that_no_resolver_accepts_is_a_caller_error() -> None:
    with pytest.raises(AddressError, match="not a host name"):
        Address.parse("ä" * 64 + ".example:80").resolve()


def test_family_that_cannot_be_bound_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def bind(self, name: Any) -> None:
            raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(socket, "socket", Socket)
    assert not Family.INET6.is_available()
    with pytest.raises(Unavailable, match="family inet6 is unavailable here: cannot use ::1: Cannot assign"):
        Family.INET6.require()


def test_abstract_sockets_are_unavailable_outside_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Unavailable, match="Linux only"):
        Address.parse("unix:@name").resolve()


@linux_only
def test_link_local_address_keeps_its_scope() -> None:
    version, name = Address.parse("[fe80::1%lo]:80").resolve()
    assert version is socket.AF_INET6
    assert name == ("fe80::1", 80, 0, socket.if_nametoindex("lo"))
