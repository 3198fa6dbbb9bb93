"""Clients that leave: telling them from errors of the server."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

# A receive or send on an established connection fails because the client, its machine or the network has gone
# (ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENETDOWN and more), or because of a mistake in the server: these.
OUR_FAULT = frozenset({errno.EBADF, errno.EFAULT, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP})


def has_left(error: OSError) -> bool:
    """Whether an error on a connection means that its client is gone."""
    return error.errno not in OUR_FAULT


@contextmanager
def may_leave() -> Iterator[None]:
    """End the block without an error if the client leaves, which it may do at any moment."""
    try:
        yield
    except OSError as error:
        if not has_left(error):
            raise
