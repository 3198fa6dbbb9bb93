"""Messages survive the trip, and a worker that does not belong to a load is told why."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.distributed.loads import PLAN, hello, load
from upecho import __version__
from upecho.distributed.messages import (
    PROTOCOL,
    Done,
    Failed,
    Message,
    Order,
    Refused,
    Result,
    Welcome,
    decoded,
    encoded,
    hello_of,
    obstacle,
)
from upecho.load.plan import Failure, Job

pytestmark = pytest.mark.once

MESSAGES: list[Message] = [
    Welcome(2.5),
    Refused("is late"),
    Order(Job("127.0.0.1:9", PLAN, engine="native")),
    Result(replace(load([5, 6]), errors={Failure.RESET: 2}, slices=(1, 1))),
    Failed("no descriptors"),
    Done(),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one).__name__)
def test_message_survives_the_trip(message: Message) -> None:
    assert decoded(json.loads(json.dumps(encoded(message)))) == message


@pytest.mark.parametrize(
    "data", [None, [], {}, {"kind": "other", "content": {}}, {"kind": "welcome"}, {"kind": "welcome", "content": {}}]
)
def test_anything_else_is_no_message(data: Any) -> None:
    with pytest.raises(ValueError, match=r"not a message of upecho|has no"):
        decoded(data)


def test_control_characters_of_a_message_are_escaped() -> None:
    assert decoded(encoded(Failed("\x1b[2J"))) == Failed("\\x1b[2J")


def test_introduction_survives_the_trip() -> None:
    assert hello_of(json.loads(json.dumps(asdict(hello(3))))) == hello(3)


@pytest.mark.parametrize(
    ("introduction", "reason"),
    [
        (asdict(hello()), ""),
        (None, "is a plain worker of Locust; start upecho locust --worker instead"),
        (7, "does not introduce itself as a worker of upecho"),
        ({"protocol": PROTOCOL}, "does not introduce itself as a worker of upecho"),
        (
            {"protocol": PROTOCOL + 1, "upecho": "9\x1b"},
            f"has upecho 9\\x1b with protocol {PROTOCOL + 1}, but this master has upecho {__version__} "
            f"with protocol {PROTOCOL}",
        ),
        (
            asdict(hello(version="0.0.1")),
            f"has upecho 0.0.1 with protocol {PROTOCOL}, but this master has upecho {__version__} "
            f"with protocol {PROTOCOL}",
        ),
        ({"protocol": PROTOCOL, "upecho": __version__}, "introduces itself wrongly: it has no 'cores'"),
        (asdict(hello(engines=("python",))), "lacks the native load engine, which was not built there"),
    ],
    ids=["suitable", "plain", "number", "no version", "protocol", "version", "incomplete", "engine"],
)
def test_obstacle_of_a_worker(introduction: Any, reason: str) -> None:
    assert obstacle(json.loads(json.dumps(introduction)), "native") == reason
