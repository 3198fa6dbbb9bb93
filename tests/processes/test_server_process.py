"""One lifecycle for all servers: started, ready or not, and what is known if not."""

import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from upecho.net.address import Address
from upecho.net.connecting import connect
from upecho.processes import listening as listening_sockets
from upecho.processes import procfs, server_process
from upecho.processes.child import Child
from upecho.processes.server_process import Launch, ServerProcess, StartFailure, start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.listener import listening, unused
from upecho.serving.run import NO_PORT_STATUS
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target
from upecho.support.errors import AddressError, CallerError, NoPortLeft, Unavailable

Module = Callable[[str, str], Target]
Start = Callable[..., ServerProcess]

FORMS = ["127.0.0.1:0", "[::1]:0", "unix:{directory}/s"]
BIND_UNIX = "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1][5:]); s.listen()"
LATE_HANDLER = f"""
import signal, socket, sys, time
{BIND_UNIX}
time.sleep(0.5)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.pause()
"""

CLIENTS = 5
linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="observes processes through /proc")


@pytest.fixture
def module(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """Write a module and return its ``serve`` as a target."""

    def module(name: str, code: str) -> Target:
        (directory / f"{name}.py").write_text(code)
        monkeypatch.chdir(directory)
        return Target.implementation(f"{name}:serve")

    return module


def failure(supervisor: Supervisor, target: Target, address: str = "127.0.0.1:0") -> StartFailure:
    with pytest.raises(StartFailure) as raised:
        start_server(supervisor, Launch(target, address))
    return raised.value


def serve(name: str) -> str:
    return f"{sys.executable} -m upecho serve {name} --bind {{address}}"


def command(code: str) -> Target:
    return Target(f"cmd:{sys.executable} -c {code!r} {{address}}", Kind.COMMAND)


def test_module_that_fails_to_import_is_refused(supervisor: Supervisor, module: Module) -> None:
    seen = failure(supervisor, module("bad", "raise RuntimeError('mine')"))
    assert isinstance(seen.refusal, CallerError)
    assert seen.refusal.subject == "bad:serve"
    assert seen.refusal.reason.startswith("import failed: RuntimeError: mine (")
    assert (seen.status, seen.stderr) == (2, f"upecho: {seen.refusal}\n")


def test_refusal_keeps_its_class_and_fields(supervisor: Supervisor, module: Module, directory: Path) -> None:
    missing = failure(supervisor, module("needs", "import no_such_package")).refusal
    assert isinstance(missing, Unavailable)
    assert (missing.subject, missing.hint) == ("needs:serve", "run pip install no_such_package")
    refused = failure(supervisor, Target.implementation("threads"), f"unix:{directory}/no/s").refusal
    assert isinstance(refused, AddressError)
    assert str(refused) == f"cannot listen on unix:{directory}/no/s: the directory does not exist"


def test_server_that_never_becomes_ready_has_no_status(
    supervisor: Supervisor, module: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = module("slow", "import time\ntime.sleep(600)")
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.01")
    seen = failure(supervisor, target)
    assert (seen.status, seen.stderr, seen.refusal) == (None, "", None)
    assert str(seen) == "slow:serve: it did not become ready: no output on stderr"


def test_server_that_ends_before_it_is_ready_has_a_status(supervisor: Supervisor, module: Module) -> None:
    seen = failure(supervisor, module("gone", "import os\nos.write(2, b'one\\ntwo\\n')\nos._exit(9)"))
    assert (seen.status, seen.stderr, seen.refusal) == (9, "one\ntwo\n", None)
    assert str(seen) == "gone:serve: it ended with status 9 before it was ready: two"


def test_missing_port_is_told_from_other_failures(supervisor: Supervisor, module: Module) -> None:
    code = "import socket\ndef bind(*_): raise OSError(98, 'in use')\nsocket.socket.bind = bind\n"
    target = module("crowded", code + "def serve(listener, stop): pass")
    with pytest.raises(NoPortLeft):
        start_server(supervisor, Launch(target, "127.0.0.1:0"))


def test_exit_status_of_a_command_says_nothing_about_ports(supervisor: Supervisor, directory: Path) -> None:
    seen = failure(supervisor, command(f"raise SystemExit({NO_PORT_STATUS})"), f"unix:{directory}/s")
    assert seen.status == NO_PORT_STATUS


@pytest.mark.parametrize(
    "noise",
    ["print('ready')", "print('[1]\\n{}\\nnull')", "print('x', end='', flush=True)"],
    ids=["text", "json", "no-end"],
)
def test_output_of_a_module_does_not_hide_the_announcement(supervisor: Supervisor, module: Module, noise: str) -> None:
    target = module("noisy", f"{noise}\nfrom upecho.servers.threads import serve")
    with start_server(supervisor, Launch(target, "127.0.0.1:0")) as server:
        connect(server.address, 5).close()


def test_command_is_ready_when_it_accepts_a_connection(supervisor: Supervisor) -> None:
    address = unused(Address.parse("127.0.0.1:0"))
    with start_server(supervisor, Launch(Target(f"cmd:{serve('threads')}", Kind.COMMAND), str(address))) as server:
        assert server.address == address
        assert server.stop() == 0


@linux_only
@pytest.mark.parametrize("form", FORMS)
def test_command_is_not_ready_because_another_server_answers(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.05")
    with listening(Address.parse(form.format(directory=directory)), Settings()) as other:
        seen = failure(supervisor, command("import time; time.sleep(600)"), str(Address.of(other)))
    assert seen.status is None


def test_command_need_not_be_connected_to(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.02")
    launch = Launch(Target(f"cmd:{serve('threads')}", Kind.COMMAND), f"unix:{directory}/s")
    with pytest.raises(StartFailure) as raised:
        start_server(supervisor, launch, may_connect=False)
    assert raised.value.status is None


@pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")
def test_failure_says_where_the_command_listens_instead(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    elsewhere = f"import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('{directory}/other'); s.listen()"
    seen = failure(supervisor, command(f"{elsewhere}; time.sleep(600)"), f"unix:{directory}/s")
    assert [str(one) for one in seen.listening] == [f"unix:{directory}/other"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapper", ["", "timeout 300 ", "setsid -w ", "sh -c 'trap : TERM; \"$@\" & wait' sh "])
def test_command_may_run_below_another_program(
    supervisor: Supervisor, directory: Path, wrapper: str, form: str
) -> None:
    address = unused(Address.parse(form.format(directory=directory)))
    target = Target(f"cmd:{wrapper}{serve('prefork')}", Kind.COMMAND)
    with start_server(supervisor, Launch(target, str(address))) as server:
        connect(server.address, 5).close()
    with pytest.raises(AddressError, match="no server is listening there"):
        connect(address, 5)


@linux_only
@pytest.mark.parametrize("form", FORMS)
def test_command_may_have_another_process_listen(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(server_process, "DELEGATED_SECONDS", 0.1)
    address = unused(Address.parse(form.format(directory=directory)))
    with ExitStack() as stack:

        def start_elsewhere(*arguments: Any, **options: Any) -> Child:
            child = Supervisor.start(supervisor, *arguments, **options)
            stack.enter_context(listening(address, Settings()))
            return child

        monkeypatch.setattr(supervisor, "start", start_elsewhere)
        with start_server(supervisor, Launch(command("import time; time.sleep(600)"), str(address))) as server:
            assert server.address == address


@linux_only
@pytest.mark.parametrize("form", ["127.0.0.1:0", "unix:{directory}/s"])
def test_command_is_ready_where_nothing_shows_who_listens(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(listening_sockets, "NET", directory / "missing")
    address = unused(Address.parse(form.format(directory=directory)))
    with start_server(supervisor, Launch(Target(f"cmd:{serve('threads')}", Kind.COMMAND), str(address))) as server:
        assert server.stop() == 0


@linux_only
@pytest.mark.parametrize("wrapper", ["", "timeout 300 "])
def test_late_signal_handler_is_awaited(supervisor: Supervisor, directory: Path, wrapper: str) -> None:
    (directory / "late.py").write_text(LATE_HANDLER)
    target = Target(f"cmd:{wrapper}{sys.executable} {directory}/late.py {{address}}", Kind.COMMAND)
    with start_server(supervisor, Launch(target, f"unix:{directory}/s")) as server:
        assert server.handles(signal.SIGTERM) is False
        assert server.await_handler(signal.SIGTERM, 10)
        assert server.handles(signal.SIGUSR1) is False
        assert server.stop() == 0


@linux_only
@pytest.mark.parametrize(
    "how",
    [
        "signal.signal(15, lambda *_: None)",
        "signal.signal(15, signal.SIG_IGN)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [15])",
    ],
)
def test_signal_that_is_caught_ignored_or_blocked_is_handled(supervisor: Supervisor, directory: Path, how: str) -> None:
    code = f"import signal, socket, sys; {how}; {BIND_UNIX}; signal.pause()"
    with start_server(supervisor, Launch(command(code), f"unix:{directory}/s")) as server:
        assert server.handles(signal.SIGTERM) is True
        assert server.handles(signal.SIGINT) is True  # Python's own handler
        assert server.handles(signal.SIGHUP) is False


@linux_only
def test_wrapper_without_a_handler_does_not_handle_a_signal(supervisor: Supervisor, directory: Path) -> None:
    target = Target(f"cmd:sh -c '\"$@\" & wait' sh {serve('threads')}", Kind.COMMAND)
    with start_server(supervisor, Launch(target, f"unix:{directory}/s")) as server:
        assert server.handles(signal.SIGTERM) is False


@linux_only
def test_missing_handler_is_waited_for_no_longer_than_told(supervisor: Supervisor, directory: Path) -> None:
    code = f"import signal, socket, sys; {BIND_UNIX}; signal.pause()"
    with start_server(supervisor, Launch(command(code), f"unix:{directory}/s")) as server:
        began = time.monotonic()
        assert server.await_handler(signal.SIGTERM, 0.1) is False
        assert 0.1 <= time.monotonic() - began < 5
        server.child.kill()
        assert server.await_handler(signal.SIGTERM, 600) is None


@pytest.mark.parametrize("read", ["descriptor_count", "living_count", "task_count", "resident_bytes", "cpu_seconds"])
def test_use_that_cannot_be_seen_is_unavailable(start: Start, monkeypatch: pytest.MonkeyPatch, read: str) -> None:
    server = start("threads")
    monkeypatch.setattr(procfs, "AVAILABLE", False)
    with pytest.raises(Unavailable, match="the resource usage of a process is unavailable here: it takes Linux"):
        getattr(server, read)()
    assert not server.is_busy()
    assert server.handles(signal.SIGTERM) is None


def test_use_of_a_hidden_process_is_unavailable(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "shows", lambda pid: False)
    server = start("threads")
    assert not server.is_shown
    with pytest.raises(Unavailable, match="of other users is unavailable here: /proc is mounted so that it hides them"):
        server.cpu_seconds()
    assert server.handles(signal.SIGTERM) is None


def test_descriptors_of_another_user_are_unavailable(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start("threads")
    monkeypatch.setattr(procfs, "descriptor_count", lambda root: None)
    with pytest.raises(Unavailable, match="only that user and root may see the descriptors"):
        server.descriptor_count()


@linux_only
def test_use_of_a_server_in_a_session_of_its_own_is_seen(
    supervisor: Supervisor, directory: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    target = Target(f"cmd:setsid -f {serve('threads')}", Kind.COMMAND)
    wrapper = f"cmd:sh -c '\"$@\"; sleep 600' sh {target.text.removeprefix('cmd:')}"
    address = f"unix:{directory}/s"
    with start_server(supervisor, Launch(Target(wrapper, Kind.COMMAND), address)) as server:
        assert server.living_count() == 3  # the shell, its sleep, and the server, which has lost its parent
        with ExitStack() as stack:
            for _ in range(CLIENTS):
                client = stack.enter_context(connect(server.address, 5))
                client.sendall(b"x")
                client.recv(1)
            tasks = server.task_count()
        eventually(lambda: server.task_count() <= tasks - CLIENTS)
        assert server.cpu_seconds() > 0.01
        assert server.resident_bytes() > 1 << 20
        server.signal_all(signal.SIGSTOP)
        with connect(server.address, 0.2) as client:
            client.sendall(b"x")
            with pytest.raises(TimeoutError):
                client.recv(1)
    with pytest.raises(AddressError):
        connect(server.address, 5)


def test_server_is_killed_at_the_end_of_its_block(supervisor: Supervisor) -> None:
    with start_server(supervisor, Launch(Target.implementation("threads"), "127.0.0.1:0")) as server:
        connect(server.address, 5).close()
    assert server.child.wait(0) == -signal.SIGKILL
