"""Telling from an error whether the other end of a connection has gone."""

import errno

# ENOTCONN comes from shutdown() after a reset, EPROTOTYPE from send() on macOS while the connection ends: libuv#482.
CODES = frozenset({errno.ENOTCONN, errno.EPROTOTYPE})


def is_lost(error: OSError) -> bool:
    """Whether an error of an operation on a connection means that the other end has closed or reset it."""
    return isinstance(error, ConnectionError) or error.errno in CODES
