"""Which errors of a connection mean that its other end has gone."""

import errno
import os

import pytest

from upecho.net.lost import is_lost

pytestmark = pytest.mark.once


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EPROTOTYPE])
def test_peer_that_has_gone_is_recognised(number: int) -> None:
    assert is_lost(OSError(number, os.strerror(number)))


@pytest.mark.parametrize("number", [errno.EBADF, errno.EINVAL, errno.EMFILE])
def test_mistake_is_not_taken_for_a_peer_that_has_gone(number: int) -> None:
    assert not is_lost(OSError(number, os.strerror(number)))
