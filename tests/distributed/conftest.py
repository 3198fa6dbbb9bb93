"""What tests with Locust have in common."""

import importlib.util

import pytest

from upecho.support import extension
from upecho.support.errors import Unavailable


@pytest.fixture
def locust() -> None:
    """Skip a test where what ``upecho locust`` needs is missing."""
    if importlib.util.find_spec("locust") is None:
        pytest.skip("Locust is not installed")
    try:
        extension.require("a worker")
    except Unavailable as error:
        pytest.skip(str(error))
