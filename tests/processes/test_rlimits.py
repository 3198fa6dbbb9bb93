"""Limits of the machine: how many descriptors a process may open, how many processes and threads a user may have."""

import os
import resource
import threading
from pathlib import Path

import pytest

from upecho.processes import rlimits
from upecho.processes.linux import process_tree, procfs
from upecho.support.errors import HarnessError

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user other than root, who has 40 threads and may have 50."""
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (50, 60))
    monkeypatch.setattr(rlimits, "thread_count", lambda user: 40 if user == 1000 else 0)


@pytest.mark.usefixtures("limited")
def test_processes_that_are_left_are_counted() -> None:
    assert rlimits.processes_left() == 10
    rlimits.expect_processes(10, "10 clients")
    with pytest.raises(HarnessError, match=r"for 11 clients: 11 are needed, and of the 50 .* 10 are left"):
        rlimits.expect_processes(11, "11 clients")


@pytest.mark.usefixtures("limited")
def test_more_processes_than_the_limit_leave_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rlimits, "thread_count", lambda user: 70)
    assert rlimits.processes_left() == 0


@pytest.mark.usefixtures("limited")
def test_unlimited_root_or_unseen_user_has_any_number_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in [
        (rlimits, "thread_count", None),
        (resource, "getrlimit", (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
        (os, "getuid", 0),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, lambda *_, value=value: value)
            assert rlimits.processes_left() is None
            rlimits.expect_processes(10**6, "anything")


@linux_only
def test_threads_of_a_user_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = 4_000_000_000
    assert process_tree.thread_count(unknown) == 0
    own = len(list(Path("/proc/self/task").iterdir()))
    all_of_user = process_tree.thread_count(os.getuid())
    assert all_of_user is not None
    assert all_of_user >= own

    # What else the user runs comes and goes, so this process becomes the only one of another user.
    monkeypatch.setattr(process_tree, "_user", lambda pid: unknown if pid == os.getpid() else None)
    assert process_tree.thread_count(unknown) == own
    end = threading.Event()
    threads = [threading.Thread(target=end.wait) for _ in range(200)]
    for thread in threads:
        thread.start()
    try:
        assert process_tree.thread_count(unknown) == own + 200
    finally:
        end.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(("soft", "expected"), [(256, rlimits.OPEN_MAX), (20_000, 20_000)])
def test_infinite_limit_that_the_system_refuses_is_replaced(
    monkeypatch: pytest.MonkeyPatch, soft: int, expected: int
) -> None:
    limits = [(soft, resource.RLIM_INFINITY)]

    def setrlimit(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] == resource.RLIM_INFINITY:
            raise ValueError("current limit exceeds maximum limit")
        limits.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    rlimits.raise_limit()
    assert limits[-1] == (expected, resource.RLIM_INFINITY)
    assert rlimits.too_few("it").endswith(f"for it: a process may open {expected} here (ulimit -n NUMBER raises that)")
