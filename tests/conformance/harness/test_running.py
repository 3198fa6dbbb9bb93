"""A server process as checks watch it: what it uses, what it says, and when that counts."""

import signal
import sys
from collections.abc import Callable

import pytest

from upecho.conformance.harness import running
from upecho.conformance.harness.running import Running, settled
from upecho.conformance.harness.violation import Violation
from upecho.net.address import Address
from upecho.processes import procfs
from upecho.processes.supervisor import Child, Supervisor

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

NOWHERE = Address.parse("unix:/nowhere")
RESTS = "import sys; sys.stdin.read()"
SPINS = "while True: pass"
BURST = "end = time.process_time() + 0.06\n while time.process_time() < end: pass"
BURSTS = f"import time\nwhile True:\n {BURST}\n time.sleep(1)"
WAKES_OFTEN = "import time\nwhile True: time.sleep(0.1)"
REPEATS = "import sys\nfor line in sys.stdin: print(line, end='', file=sys.stderr, flush=True); print(flush=True)"


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")


@pytest.fixture
def run(supervisor: Supervisor) -> Callable[..., Running]:
    """Run a program as if it were a server that is ready."""

    def run(program: str, *, is_command: bool = False, may_complain: bool = False) -> Running:
        child = supervisor.start([sys.executable, "-S", "-c", program])
        return Running(child, NOWHERE, is_command=is_command, may_complain=may_complain)

    return run


def say(child: Child, text: str) -> None:
    """Let a program that repeats what it is told say something on stderr."""
    child.stdin.write(f"{text}\n".encode())
    assert child.read_line(20) == ""


@linux_only
@pytest.mark.parametrize("program", [RESTS, WAKES_OFTEN])
def test_who_rests_is_left_in_peace(run: Callable[..., Running], program: str) -> None:
    run(program).expect_idle_cpu()


def test_who_is_through_with_what_there_was_to_do_rests(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REST_STEP_SECONDS", 0.01)
    monkeypatch.setattr(running, "REST_SECONDS", 0.01)
    readings = iter([0, 10**9, 2 * 10**9, 2 * 10**9])
    monkeypatch.setattr(procfs, "cpu_ns", lambda group: next(readings))
    run(RESTS).expect_idle_cpu()
    assert list(readings) == []


@linux_only
def test_who_wakes_for_a_burst_each_second_rests(run: Callable[..., Running]) -> None:
    for _ in range(3):
        run(BURSTS).expect_idle_cpu()


@linux_only
@pytest.mark.parametrize(
    "program", [SPINS, f"import os; os.fork() or exec('{SPINS}')\n{RESTS}"], ids=["alone", "child"]
)
def test_who_spins_is_found(run: Callable[..., Running], program: str) -> None:
    with pytest.raises(Violation, match=r"less than 3% of a core .* of a core"):
        run(program).expect_idle_cpu()


def test_what_comes_down_is_waited_for(run: Callable[..., Running]) -> None:
    readings = iter([3, 2, 1])
    run(RESTS).expect_at_most(1, lambda: next(readings), "things")
    assert list(readings) == []


def test_what_stays_up_is_a_violation(run: Callable[..., Running]) -> None:
    with pytest.raises(Violation, match="expected at most 1 things, saw 2"):
        run(RESTS).expect_at_most(1, lambda: 2, "things")


def test_what_is_about_to_change_settles() -> None:
    readings = iter([5, 4, 3, 3, 9])
    assert settled(lambda: next(readings)) == 3


@linux_only
def test_children_are_used_and_told_as_well(run: Callable[..., Running]) -> None:
    running = run(f"import os; os.fork(); print(flush=True)\n{RESTS}")
    assert [running.child.read_line(20) for _ in range(2)] == ["", ""]
    assert (running.task_count(), running.descriptor_count()) == (2, 2 * 3)
    assert running.resident_bytes() > 0
    running.signal_all(signal.SIGKILL)
    assert running.child.wait(20) == -signal.SIGKILL
    running.expect_at_most(0, running.descriptor_count, "descriptors")  # a zombie may wait a while for init


def test_who_has_ended_gets_no_signal(run: Callable[..., Running]) -> None:
    running = run("")
    assert running.child.wait(20) == 0
    running.signal_all(signal.SIGTERM)


def test_news_is_what_was_not_heard_before(run: Callable[..., Running]) -> None:
    running = run(REPEATS)
    assert running.news() == ""
    say(running.child, "one")
    assert running.news() == "one\n"
    say(running.child, "two")
    assert (running.news(), running.news()) == ("two\n", "")


def test_what_was_said_before_it_was_ready_is_no_news(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", REPEATS])
    say(child, "starting")
    running = Running(child, NOWHERE, is_command=False, may_complain=False)
    say(child, "trouble")
    assert running.news() == "trouble\n"


def test_what_it_said_in_other_checks_is_not_said_in_this_one(run: Callable[..., Running]) -> None:
    running = run(REPEATS)
    say(running.child, "one")
    assert running.said() == "one\n"
    running.begin_check()
    assert running.said() == ""
    say(running.child, "two")
    assert running.said() == "two\n"


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("raise SystemExit(3)", "the server ended with exit status 3"),
        ("", "the server ended with exit status 0; a command must stay in the foreground"),
        ("import os; os.kill(os.getpid(), 15)", "the server was killed by SIGTERM (it has no handler for it)"),
    ],
)
def test_who_has_ended_untold_is_named(run: Callable[..., Running], program: str, how: str) -> None:
    running = run(program, is_command=True)
    running.child.wait(20)
    assert running.ended_untold() == how
    running.told_to_stop()
    assert running.ended_untold() == ""


def test_who_serves_has_not_ended(run: Callable[..., Running]) -> None:
    assert run(RESTS).ended_untold() == ""


@pytest.mark.parametrize(("is_command", "news"), [(False, "before\nafter\n"), (True, "before\n")])
def test_a_farewell_counts_or_not(run: Callable[..., Running], is_command: bool, news: str) -> None:
    running = run(REPEATS, is_command=is_command)
    say(running.child, "before")
    running.told_to_stop()
    say(running.child, "after")
    running.told_to_stop()  # as when a server that does not stop is killed
    assert (running.news(), running.news()) == (news, "")


def test_who_may_complain_makes_no_news(run: Callable[..., Running]) -> None:
    running = run(REPEATS, may_complain=True)
    say(running.child, "no descriptor left")
    assert running.news() == ""
