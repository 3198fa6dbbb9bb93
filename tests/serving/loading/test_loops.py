"""Loading an event loop by its name."""

import sys

import pytest

from upecho.serving.loading.implementation import load_implementation
from upecho.support.errors import Unavailable


def test_loop_that_is_not_installed_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(Unavailable, match=r"^uvloop is unavailable here: not installed; run pip install uvloop$"):
        load_implementation("asyncio+uvloop")
