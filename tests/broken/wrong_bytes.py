"""Servers that reply with the wrong bytes."""

import socket

from tests.broken.threads import RECEIVE_BYTES, connection_handler, reply_function


@reply_function
def lower_case(data: bytes) -> bytes:
    """Convert to lower case instead of upper case."""
    return data.lower()


@reply_function
def title_case(data: bytes) -> bytes:
    """Capitalize only the first letter of each word."""
    return data.title()


@reply_function
def str_upper(data: bytes) -> bytes:
    """Decode as UTF-8 and use `str.upper()`, which also changes non-ASCII letters."""
    return data.decode("utf-8", "surrogateescape").upper().encode("utf-8", "surrogateescape")


@reply_function
def latin1_upper(data: bytes) -> bytes:
    """Decode as Latin-1 and use `str.upper()`, which also changes bytes above 127."""
    return data.decode("latin-1").upper().encode("latin-1", "replace")


@reply_function
def adds_newline(data: bytes) -> bytes:
    """Append a newline to each reply."""
    return data.upper() + b"\n"


@reply_function
def drops_last_byte(data: bytes) -> bytes:
    """Drop the last byte of each reply that is longer than one byte."""
    return data[:-1].upper() if len(data) > 1 else data.upper()


@reply_function
def strips_null_bytes(data: bytes) -> bytes:
    """Remove null bytes from replies."""
    return data.upper().replace(b"\0", b"")


@connection_handler
def obeys_commands(connection: socket.socket) -> None:
    """Close the connection when a message is `quit`, `exit` or `bye`."""
    while (data := connection.recv(RECEIVE_BYTES)) and data.strip().lower() not in (b"quit", b"exit", b"bye"):
        connection.sendall(data.upper())


@connection_handler
def obeys_marked_commands(connection: socket.socket) -> None:
    """Close the connection when a message is `!disconnect`, `{quit}` or `exit()`."""
    while (data := connection.recv(RECEIVE_BYTES)) and data.lower() not in (b"!disconnect", b"{quit}", b"exit()"):
        connection.sendall(data.upper())
