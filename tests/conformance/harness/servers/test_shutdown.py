"""How a server is told to stop, when, and what is reported if it does not end as it should."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.conformance.harness.servers.shutdown import Shutdown
from upecho.conformance.harness.violation import Violation
from upecho.net.address import Address, Family
from upecho.processes.linux import procfs, signal_masks
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

NOWHERE = Address.parse("unix:/nowhere")
# A signal that arrives just before a system call that waits is handled only after it: none may wait for long.
WAITS = "while True: time.sleep(0.01)"
RESTS = f"print(flush=True)\n{WAITS}"
LATE = f"print(flush=True)\ntime.sleep(0.2)\nsignal.signal(15, lambda *_: sys.exit(0))\n{WAITS}"
IGNORES = f"signal.signal(15, lambda *_: None)\n{RESTS}"
REPEATS_SIGNAL = f"""
def handle(number, frame):
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
signal.signal(15, handle)
{RESTS}"""
FORKS = f"os.fork() or signal.signal(15, signal.SIG_DFL)\n{RESTS}"
EXITS = f"signal.signal(15, lambda *_: sys.exit(0))\n{FORKS}"

Start = Callable[..., Shutdown]


@pytest.fixture
def start(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Run a program as if it were a server that is ready."""

    def start(program: str, kind: Kind = Kind.COMMAND, *, grace: float = 0.1, lines: int = 1) -> Shutdown:
        child = supervisor.start([sys.executable, "-S", "-c", f"import os, signal, sys, time\n{program}"])
        assert [child.read_line(20) for _ in range(lines)] == [""] * lines
        launch = Launch(Target("mine", kind, grace=grace), str(NOWHERE), Settings(grace=0.3))
        return Shutdown(ServerProcess(child, NOWHERE, launch))

    return start


def stop(shutdown: Shutdown, *, group: bool = False, thread: int | None = None) -> None:
    shutdown.prepare(signal.SIGTERM, group=group, thread=thread)
    shutdown.send(signal.SIGTERM, group=group, thread=thread)
    shutdown.expect_clean(shutdown.wait())


def seen(shutdown: Shutdown, **receiver: bool) -> Violation:
    with pytest.raises(Violation) as raised:
        stop(shutdown, **receiver)
    return raised.value


def test_signal_waits_for_a_late_handler(start: Start) -> None:
    stop(start(LATE))


def test_server_that_never_has_a_handler_is_said_to_have_none(start: Start) -> None:
    assert seen(start(RESTS)).seen == "killed by SIGTERM (it had installed no handler for it 1 s after it was ready)"


def test_uncaught_keyboard_interrupt_is_not_said_to_be_a_kill(start: Start) -> None:
    shutdown = start(RESTS)
    shutdown.prepare(signal.SIGINT, group=False, thread=None)
    shutdown.send(signal.SIGINT, group=False, thread=None)
    with pytest.raises(Violation, match="saw it ended itself with SIGINT, for which it had a handler, as Python does"):
        shutdown.expect_clean(shutdown.wait())


def test_server_with_a_handler_is_not_said_to_have_none(start: Start) -> None:
    assert seen(start(REPEATS_SIGNAL)).seen == "killed by SIGTERM"


def test_handler_that_cannot_be_seen_is_not_waited_for_and_not_denied(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal_masks, "handles", lambda pid, number: None)
    assert seen(start(RESTS)).seen == "killed by SIGTERM"


@pytest.mark.parametrize(
    ("kind", "grace", "figures"),
    [
        (Kind.COMMAND, 0.1, "0.6 s (a grace of 0.1 s and 0.5 s to spare)"),
        (Kind.IMPLEMENTATION, 0.0, "0.8 s (a grace of 0.3 s and 0.5 s to spare)"),
        (Kind.IMPLEMENTATION, 0.4, "0.9 s (a grace of 0.4 s and 0.5 s to spare)"),
    ],
)
def test_report_states_the_grace_that_was_applied(
    start: Start, monkeypatch: pytest.MonkeyPatch, kind: Kind, grace: float, figures: str
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    violation = seen(start(IGNORES, kind, grace=grace))
    assert violation.expected == f"exit status 0 within {figures} after SIGTERM was sent to it"
    assert violation.seen == "it is still running"


def test_signal_to_the_group_counts_the_members_without_a_handler(start: Start) -> None:
    shutdown = start(EXITS, lines=2)
    stop(shutdown, group=True)
    assert shutdown.request == "SIGTERM was sent to its process group, in which 1 member had no handler for it"


def test_violation_after_the_request_says_how_the_server_was_told_to_stop(start: Start) -> None:
    shutdown = start(EXITS, lines=2)
    stop(shutdown)
    with pytest.raises(Violation) as raised, shutdown.explaining():
        raise Violation("a reply", "none")
    assert raised.value.seen == "none, after SIGTERM was sent to it"


def test_signal_to_the_leader_spares_its_children(start: Start) -> None:
    shutdown = start(EXITS, lines=2)
    stop(shutdown)
    assert shutdown.request == "SIGTERM was sent to it"


SERVER = "import signal, socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()\n"
DIES = f"{SERVER}signal.signal(15, lambda *_: (signal.signal(15, signal.SIG_DFL), signal.raise_signal(15)))\n"


@pytest.mark.parametrize(("wrapper", "is_clean"), [("", False), ("sh -c 'trap : TERM; \"$@\" & wait; wait' sh ", True)])
def test_server_below_a_wrapper_may_receive_the_signal_twice(
    supervisor: Supervisor, tmp_path: Path, wrapper: str, is_clean: bool
) -> None:
    (tmp_path / "dies.py").write_text(DIES + WAITS)
    target = Target.parse(f"cmd:{wrapper}{sys.executable} {tmp_path}/dies.py {{path}}")
    with start_server(supervisor, Launch(target, supervisor.new_address(Family.UNIX))) as server:
        shutdown = Shutdown(server)
        shutdown.prepare(signal.SIGTERM, group=True, thread=None)
        shutdown.send(signal.SIGTERM, group=True, thread=None)
        status = shutdown.wait()
        if is_clean:
            shutdown.expect_clean(-signal.SIGTERM)
            shutdown.expect_clean(128 + signal.SIGTERM)
        else:
            with pytest.raises(Violation, match="killed by SIGTERM"):
                shutdown.expect_clean(status)
        with pytest.raises(Violation, match="exit status 1"):
            shutdown.expect_clean(1)
