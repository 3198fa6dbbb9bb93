"""When a command counts as ready to serve."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.processes.commands import FORMS, command, serving
from upecho.net.address import Address
from upecho.net.connecting import connect
from upecho.net.ports import unused
from upecho.processes import readiness
from upecho.processes.child import Child
from upecho.processes.linux import procfs, socket_tables
from upecho.processes.server_process import Launch
from upecho.processes.starting import StartFailure, start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
from upecho.support.errors import AddressError

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="observes processes through /proc")


def test_command_is_ready_when_it_accepts_a_connection(supervisor: Supervisor) -> None:
    address = unused(Address.parse("127.0.0.1:0"))
    with start_server(supervisor, Launch(serving("threads"), str(address))) as server:
        assert server.address == address
        assert server.stop() == 0


@linux_only
@pytest.mark.parametrize("form", FORMS)
def test_command_is_not_ready_because_another_server_answers(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.05")
    with listening(Address.parse(form.format(directory=directory)), Settings()) as other:
        launch = Launch(command("import time; time.sleep(600)"), str(Address.of(other)))
        with pytest.raises(StartFailure) as raised:
            start_server(supervisor, launch)
    assert raised.value.status is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapper", ["", "timeout 300 ", "setsid -w ", "sh -c 'trap : TERM; \"$@\" & wait' sh "])
def test_command_may_run_below_another_program(
    supervisor: Supervisor, directory: Path, wrapper: str, form: str
) -> None:
    address = unused(Address.parse(form.format(directory=directory)))
    target = serving("prefork", wrapper)
    with start_server(supervisor, Launch(target, str(address))) as server:
        connect(server.address, 5).close()
    with pytest.raises(AddressError, match="no server is listening there"):
        connect(address, 5)


@linux_only
@pytest.mark.parametrize("form", FORMS)
def test_command_may_have_another_process_listen(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(readiness, "DELEGATED_SECONDS", 0.1)
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
    monkeypatch.setattr(socket_tables, "NET", directory / "missing")
    address = unused(Address.parse(form.format(directory=directory)))
    with start_server(supervisor, Launch(serving("threads"), str(address))) as server:
        assert server.stop() == 0
