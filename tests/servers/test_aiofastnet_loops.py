"""The loops that aiofastnet makes of others, with stand-ins for the packages."""

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from upecho.serving.loading.loops import load_loop


@pytest.mark.parametrize(("name", "base"), [("aiofastnet", "asyncio"), ("aiofastnet-uvloop", "uvloop")])
def test_factory_patches_a_new_loop_of_the_base(name: str, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def loop_factory(factory: Any) -> Any:
        return lambda: ("patched", factory())

    monkeypatch.setattr(asyncio, "new_event_loop", lambda: "asyncio")
    stand_ins = {
        "aiofastnet": SimpleNamespace(loop_factory=loop_factory, __spec__=object()),
        "uvloop": SimpleNamespace(new_event_loop=lambda: "uvloop", __spec__=object()),
    }
    for module, stand_in in stand_ins.items():
        monkeypatch.setitem(sys.modules, module, stand_in)
    assert load_loop(name)() == ("patched", base)
