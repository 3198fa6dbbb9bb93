"""The cores that the engine and the servers run on."""

import os
from pathlib import Path

import pytest

from upecho.measure import cores
from upecho.measure.cores import Cores


@pytest.mark.parametrize(
    ("allowed", "siblings", "expected"),
    [
        ({0, 1, 2, 3}, "0", Cores((0,), (1, 2, 3))),
        ({0, 1, 2, 3}, "0-1", Cores((0,), (2, 3))),
        ({0, 1, 4, 5}, "0,4", Cores((0,), (1, 5))),
        ({0, 1}, "0-1", Cores((0,), (1,))),
        ({2}, "2", Cores()),
        ({2, 3}, None, Cores((2,), (3,))),
    ],
)
def test_engine_has_its_own_core(
    allowed: set[int], siblings: str | None, expected: Cores, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed, raising=False)
    monkeypatch.setattr(cores, "TOPOLOGY", f"{tmp_path}/{{}}")
    if siblings is not None:
        (tmp_path / str(min(allowed))).write_text(f"{siblings}\n")
    assert Cores.divided() == expected


def test_nothing_is_divided_without_processor_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert Cores.divided() == Cores()
