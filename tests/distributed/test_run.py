"""What is known about the overlap of windows, and what the file of a run contains."""

import json

import pytest

from tests.distributed.loads import PLAN, hello, load
from upecho.distributed.run import DistributedRun, Part
from upecho.load.latency import Latency
from upecho.load.plan import LoadResult
from upecho.support.decoding import build

pytestmark = pytest.mark.once


def part(elapsed_ns: int, arrived_ns: int) -> Part:
    return Part(hello(), PLAN, load(elapsed_ns=elapsed_ns), arrived_ns, lost="")


LOST = Part(hello(), PLAN, None, 0, lost="gone")


@pytest.mark.parametrize(
    ("parts", "overlap_ns"),
    [
        ((part(100, 100),), 100),
        ((part(100, 130),), 70),
        ((part(100, 100), part(90, 100)), 80),
        ((part(100, 110), LOST), 90),
        ((part(100, 100), part(100, 350)), 0),
        ((LOST,), 0),
    ],
)
def test_overlap_is_a_lower_bound(parts: tuple[Part, ...], overlap_ns: int) -> None:
    assert DistributedRun.of("a:1", PLAN, parts).overlap_ns == overlap_ns


def test_file_contains_every_part_and_the_merged_load() -> None:
    parts = (Part(hello(1), PLAN, load([5, 6]), 10, lost=""), Part(hello(2), PLAN, load([7]), 10, lost=""), LOST)
    document = json.loads(DistributedRun.of("a:1", PLAN, parts).to_json())
    assert (document["schema"], document["version"]) == ("upecho-distributed", 1)
    assert [one["lost"] for one in document["parts"]] == ["", "", "gone"]
    assert build(LoadResult, document["load"]).latency == Latency.of([5, 6, 7])
