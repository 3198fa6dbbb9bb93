"""A process or thread that the system refuses is a fault of the machine, reported with what to do about it."""

import resource
import threading

import pytest

from upecho.processes import rlimits
from upecho.processes.refusals import cannot_start, start_thread
from upecho.support.errors import HarnessError


def test_thread_is_started_with_its_arguments() -> None:
    seen: list[object] = []
    start_thread(seen.extend, [1, 2]).join()
    assert seen == [1, 2]


def test_refused_thread_is_a_harness_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(rlimits, "processes_left", lambda: None)
    with pytest.raises(HarnessError, match=r"^cannot start a thread: can't start new thread$"):
        start_thread(print)


@pytest.mark.parametrize(("left", "has_hint"), [(None, False), (0, True), (4, True), (5, False)])
def test_limit_of_the_user_is_named_only_if_it_is_reached(
    left: int | None, has_hint: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rlimits, "processes_left", lambda: left)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (50, 60))
    hint = "; this user may have 50 processes and threads, and ulimit -u NUMBER raises that limit" if has_hint else ""
    assert str(cannot_start("no more")) == f"cannot start a process: no more{hint}"
