"""Clients that leave: what a failed receive or send says about it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

# A receive or send on an established connection fails because the client, its machine or the network between has
# gone (ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENETDOWN and more), or else because we did something wrong.
OUR_FAULT = frozenset({errno.EBADF, errno.EFAULT, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP})


def has_left(error: OSError) -> bool:
    """Whether an error on a connection means that its client is gone."""
    return error.errno not in OUR_FAULT


@contextmanager
def may_leave() -> Iterator[None]:
    """Let the client leave at any moment: that is its right, and the end of what is inside."""
    try:
        yield
    except OSError as error:
        if not has_left(error):
            raise
