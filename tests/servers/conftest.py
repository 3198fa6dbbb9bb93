"""Fixtures that tests of several servers share."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Close the connections that are entered into it when the test ends."""
    with ExitStack() as stack:
        yield stack
