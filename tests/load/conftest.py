"""The fixture that repeats a test with each load engine."""

import pytest

from tests.load.handlers import Selected
from upecho.load.engine import NAMES, engine
from upecho.support.errors import Unavailable


@pytest.fixture(params=NAMES)
def engine_name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Repeat a test with each engine, and return the name of the current one."""
    try:
        monkeypatch.setattr(Selected, "engine", staticmethod(engine(request.param)), raising=False)
    except Unavailable as error:
        pytest.skip(str(error))
    return str(request.param)
