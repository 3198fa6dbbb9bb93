"""Plain data becomes dataclasses again, or the error names the offending field."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from tests.made_up import MACHINE, load, run
from upecho.load.plan import LoadResult
from upecho.measure.environment import Environment
from upecho.measure.results import Results
from upecho.support.decoding import ADDED_LATER, build


def test_build_inverts_asdict_and_json() -> None:
    results = run({"a": [1.0, 2.0], "b": "3 mismatch"}, pythons={"3.11": "CPython 3.11"})
    assert build(Results, json.loads(json.dumps(asdict(results)))) == results


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("requests", "3", "requests is '3', not a whole number"),
        ("requests", True, "requests is True, not a whole number"),
        ("requests", 1.0, "requests is 1.0, not a whole number"),
        ("requests", 2**63, "requests is 9223372036854775808, not a whole number"),
        ("saturated", 1, "saturated is 1, not true or false"),
        ("engine", None, "engine is None, not a string"),
        ("slices", 3, "slices is 3, not a list"),
        ("slices", [3, None], "slices[1] is None, not a whole number"),
        ("errors", [], "errors is [], not an object"),
        ("errors", {"odd": 1}, "errors is 'odd', not one of refused, "),
        ("errors", {"reset": "1"}, "errors.reset is '1', not a whole number"),
        ("server", {}, "server has no 'cpu_ns'"),
        ("latency", 5, "latency is 5, not an object"),
        ("colour", "red", "it has an unknown 'colour'"),
    ],
)
def test_offending_field_is_named(part: str, value: Any, message: str) -> None:
    fields = json.loads(json.dumps(asdict(load(1.0)))) | {part: value}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        build(LoadResult, fields)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1"])
def test_number_must_be_finite(value: object) -> None:
    fields = json.loads(json.dumps(asdict(MACHINE))) | {"load": value}
    with pytest.raises(ValueError, match=r"^load is [^,]+, not a number$"):
        build(Environment, fields)


@dataclass(frozen=True)
class Extended:
    first: int
    second: str = "none"
    third: str = field(default="none", metadata={ADDED_LATER: True})


def test_field_that_was_added_later_may_be_missing() -> None:
    assert build(Extended, {"first": 1, "second": "a"}) == Extended(1, "a")
    assert build(Extended, {"first": 1, "second": "a", "third": "b"}) == Extended(1, "a", "b")
    with pytest.raises(ValueError, match=r"^it has no 'second'$"):
        build(Extended, {"first": 1, "third": "b"})
    with pytest.raises(ValueError, match=r"^third is 3, not a string$"):
        build(Extended, {"first": 1, "second": "a", "third": 3})


def test_unknown_keys_are_ignored_if_so_asked() -> None:
    fields = json.loads(json.dumps(asdict(load(1.0))))
    more = fields | {"colour": "red", "latency": fields["latency"] | {"shape": "round"}}
    assert build(LoadResult, more, ignore_unknown=True) == load(1.0)
    with pytest.raises(ValueError, match=r"^it has no 'requests'$"):
        build(LoadResult, {key: value for key, value in more.items() if key != "requests"}, ignore_unknown=True)
