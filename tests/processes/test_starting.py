"""How a server is started, and what is known if it does not become ready."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes.commands import command, serving
from upecho.net.connecting import connect
from upecho.processes.interpreter import Interpreter
from upecho.processes.linux import procfs
from upecho.processes.server_process import Launch
from upecho.processes.starting import StartFailure, forking_supervisor, start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.run import NO_PORT_STATUS
from upecho.serving.target import Target
from upecho.support.errors import AddressError, CallerError, NoPortLeft, Unavailable

Write = Callable[[str, str], Target]

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="observes processes through /proc")


@pytest.fixture
def write(module: Callable[[str, str], str]) -> Write:
    """Write a module and return its ``serve`` as a target."""
    return lambda name, code: Target.implementation(module(name, code))


def failure(supervisor: Supervisor, target: Target, address: str = "127.0.0.1:0") -> StartFailure:
    with pytest.raises(StartFailure) as raised:
        start_server(supervisor, Launch(target, address))
    return raised.value


def test_module_that_fails_to_import_is_refused(supervisor: Supervisor, write: Write) -> None:
    seen = failure(supervisor, write("bad", "raise RuntimeError('mine')"))
    assert isinstance(seen.refusal, CallerError)
    assert seen.refusal.subject == "bad:serve"
    assert seen.refusal.reason.startswith("import failed: RuntimeError: mine (")
    assert (seen.status, seen.stderr) == (2, f"upecho: {seen.refusal}\n")


def test_refusal_keeps_its_class_and_fields(supervisor: Supervisor, write: Write, directory: Path) -> None:
    missing = failure(supervisor, write("needs", "import no_such_package")).refusal
    assert isinstance(missing, Unavailable)
    assert (missing.subject, missing.hint) == ("needs:serve", "run pip install no_such_package")
    refused = failure(supervisor, Target.implementation("threads"), f"unix:{directory}/no/s").refusal
    assert isinstance(refused, AddressError)
    assert str(refused) == f"cannot listen on unix:{directory}/no/s: the directory does not exist"


def test_server_that_never_becomes_ready_has_no_status(
    supervisor: Supervisor, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write("slow", "import time\ntime.sleep(600)")
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.01")
    seen = failure(supervisor, target)
    assert (seen.status, seen.stderr, seen.refusal) == (None, "", None)
    assert str(seen) == "slow:serve: it did not become ready: no output on stderr"


def test_server_that_ends_before_it_is_ready_has_a_status(supervisor: Supervisor, write: Write) -> None:
    seen = failure(supervisor, write("gone", "import os\nos.write(2, b'one\\ntwo\\n')\nos._exit(9)"))
    assert (seen.status, seen.stderr, seen.refusal) == (9, "one\ntwo\n", None)
    assert str(seen) == "gone:serve: it ended with exit status 9 before it was ready: two"


def test_missing_port_is_told_from_other_failures(supervisor: Supervisor, write: Write) -> None:
    code = "import socket\ndef bind(*_): raise OSError(98, 'in use')\nsocket.socket.bind = bind\n"
    target = write("crowded", code + "def serve(listener, stop): pass")
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
def test_output_of_a_module_does_not_hide_the_announcement(supervisor: Supervisor, write: Write, noise: str) -> None:
    target = write("noisy", f"{noise}\nfrom upecho.servers.threads import serve")
    with start_server(supervisor, Launch(target, "127.0.0.1:0")) as server:
        connect(server.address, 5).close()


def test_command_need_not_be_connected_to(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.02")
    launch = Launch(serving("threads"), f"unix:{directory}/s")
    with pytest.raises(StartFailure) as raised:
        start_server(supervisor, launch, may_connect=False)
    assert raised.value.status is None


@linux_only
def test_failure_says_where_the_command_listens_instead(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    elsewhere = f"import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('{directory}/other'); s.listen()"
    seen = failure(supervisor, command(f"{elsewhere}; time.sleep(600)"), f"unix:{directory}/s")
    assert [str(one) for one in seen.listening] == [f"unix:{directory}/other"]


def is_forked(supervisor: Supervisor, launch: Launch) -> bool:
    """Start a server and return whether it is a fork of a process that has loaded it, rather than a program."""
    with start_server(supervisor, launch) as server:
        return b"fork_server" in Path(f"/proc/{server.child.pid}/cmdline").read_bytes()


@linux_only
@pytest.mark.parametrize("text", ["selectors", "asyncio+asyncio"])
def test_built_in_implementation_is_forked(text: str) -> None:
    target = Target.parse(text)
    with forking_supervisor([target]) as supervisor:
        assert is_forked(supervisor, Launch(target, "127.0.0.1:0"))


@linux_only
def test_anything_else_is_executed(write: Write, supervisor: Supervisor) -> None:
    built_in = Target.parse("selectors")
    foreign = write("foreign", "from upecho.servers.selectors import serve")
    with forking_supervisor([built_in, foreign]) as forking:
        assert not is_forked(forking, Launch(foreign, "127.0.0.1:0"))
        assert not is_forked(forking, Launch(built_in, "127.0.0.1:0", prefix=["/usr/bin/env"]))
        assert not is_forked(forking, Launch(built_in, "127.0.0.1:0", interpreter=Interpreter.here()))
    assert not is_forked(supervisor, Launch(built_in, "127.0.0.1:0"))


def umask(supervisor: Supervisor, target: Target, address: str) -> str:
    """Return the umask of a server that was started with one, in octal digits."""
    with start_server(supervisor, Launch(target, address, umask=0o026)) as server:
        status = Path(f"/proc/{server.child.pid}/status").read_text()
    return next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:"))


@linux_only
def test_server_has_the_umask_of_its_launch(write: Write, directory: Path) -> None:
    built_in, foreign = Target.parse("selectors"), write("foreign", "from upecho.servers.selectors import serve")
    with forking_supervisor([built_in]) as supervisor:
        assert umask(supervisor, built_in, "127.0.0.1:0") == "0026"
        assert umask(supervisor, foreign, "127.0.0.1:0") == "0026"
        assert umask(supervisor, serving("threads"), f"unix:{directory}/s") == "0026"


@linux_only
def test_what_a_server_writes_from_its_first_moment_on_is_not_taken_for_startup(
    supervisor: Supervisor, write: Write
) -> None:
    code = """
import os
os.write(2, b"at import\\n")
from upecho.servers import selectors
def serve(listener, stop):
    os.write(2, b"at the start of serve\\n")
    selectors.serve(listener, stop)
"""
    with start_server(supervisor, Launch(write("writes", code), "127.0.0.1:0")) as server:
        assert server.startup_stderr_bytes == len("at import\n")
