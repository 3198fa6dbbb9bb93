"""Which counter is chosen."""

from pathlib import Path

import pytest

from tests.fake_valgrind import install
from upecho.processes.counting import kernel
from upecho.processes.counting.counter import AUTO, CALLGRIND, PERF, counter
from upecho.support.errors import Unavailable

MISSING = Unavailable("this machine has none", subject="the counter")


@pytest.fixture
def no_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    def expect_available(_: object) -> None:
        raise MISSING

    monkeypatch.setattr(kernel, "expect_available", expect_available)


def test_hardware_is_preferred(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(directory, monkeypatch)
    monkeypatch.setattr(kernel, "expect_available", lambda _: None)
    assert (counter(AUTO).name, counter(PERF).name, counter(CALLGRIND).name) == (PERF, PERF, CALLGRIND)


@pytest.mark.usefixtures("no_hardware")
def test_callgrind_takes_the_place_of_missing_hardware(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(directory, monkeypatch)
    assert counter(AUTO).name == CALLGRIND
    with pytest.raises(Unavailable, match=r"^the counter is unavailable here: this machine has none$"):
        counter(PERF)


@pytest.mark.usefixtures("no_hardware")
def test_error_names_all_that_is_missing(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(directory))
    with pytest.raises(Unavailable) as raised:
        counter(AUTO)
    assert str(raised.value) == (
        "counting instructions is unavailable here: this machine has none, and valgrind is not on the PATH; "
        "install it, for example with apt install valgrind or dnf install valgrind"
    )
