"""``upecho locust``: what it refuses before anything is started."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.cli.commands.locust import _plan
from upecho.support import timeouts

pytestmark = pytest.mark.once

Refusal = Callable[..., str]
SERVER = "127.0.0.1:9"
PLACE = "127.0.0.1:5557"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Locust look installed; nothing here starts it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


def test_locust_is_needed(refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    expected = "it needs Locust, which is not installed; pip install 'upecho[distributed]'"
    expected = f"upecho locust is unavailable here: {expected}"
    assert refusal("locust", SERVER) == expected
    assert refusal("locust", "--worker", PLACE) == expected


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "Missing ADDRESS of the server (or --worker HOST:PORT) (see upecho locust --help)"),
        (
            [SERVER, "--worker", PLACE],
            "A worker takes neither ADDRESS nor --master: it gets its load from the master (see upecho locust --help)",
        ),
        (
            ["--master", PLACE, "--worker", PLACE],
            "A worker takes neither ADDRESS nor --master: it gets its load from the master (see upecho locust --help)",
        ),
        (["--worker", "unix:/tmp/x"], "unix:/tmp/x is not HOST:PORT; workers reach a master over TCP"),
        ([SERVER, "--master", "unix:@x"], "unix:@x is not HOST:PORT; workers reach a master over TCP"),
        (
            ["selectors"],
            "'selectors' is not the address of a running server; start it with upecho serve selectors --bind HOST:PORT,"
            " and give that address",
        ),
        ([SERVER, "--connections", "1"], "1 connection cannot be divided among 2 workers"),
        (
            [SERVER, "--churn", "--depth", "2"],
            "--churn sends one message per connection, so it excludes --depth and --rate",
        ),
        (
            [SERVER, "--churn", "--rate", "2"],
            "--churn sends one message per connection, so it excludes --depth and --rate",
        ),
        (
            [SERVER, "--connections", "1000", "--message-size", "67108864"],
            "67108864000 bytes would be in flight at once; the maximum is 1073741824",
        ),
        ([SERVER, "--workers", "0"], "--workers is '0'; it must be a whole number from 1 to 1000"),
    ],
)
def test_impossible_request_is_refused(refusal: Refusal, arguments: list[str], line: str) -> None:
    assert refusal("locust", *arguments) == line


@pytest.mark.usefixtures("installed")
def test_file_that_cannot_be_written_is_refused_before_the_load(refusal: Refusal, tmp_path: Path) -> None:
    assert "No such file or directory" in refusal("locust", SERVER, "--save", str(tmp_path / "none" / "run.json"))


def test_options_become_a_plan() -> None:
    options = {
        "connections": 100, "message_size": 10, "depth": 1, "rate": 5.0, "churn": False, "seconds": 3.0, "seed": 4,
        "workers": 2,
    }  # fmt: skip
    plan = _plan(options)
    assert (plan.connections, plan.message_size, plan.rate, plan.duration_seconds, plan.seed) == (100, 10, 5.0, 3.0, 4)
    assert plan.deadline_seconds == 3.0 + timeouts.scaled(5.2)
