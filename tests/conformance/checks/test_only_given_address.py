"""The check that a server listens only at its address, where the system does not show who owns a listener."""

import contextlib
import sys
from collections.abc import Callable, Iterator

import pytest

from upecho.conformance.check import Check
from upecho.conformance.checks.test_listening import test_only_given_address as run_check
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.starting import Starter
from upecho.conformance.harness.violation import Violation
from upecho.net.address import Address, Family
from upecho.net.ports import unused
from upecho.processes.server_process import ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
from upecho.serving.target import Target

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs 127.0.0.2, which only Linux has")

Launch = Callable[[str], Launcher]


@pytest.fixture(autouse=True)
def invisible_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerProcess, "listening_addresses", lambda process: [])


@pytest.fixture
def launch(supervisor: Supervisor) -> Iterator[Launch]:
    """Return a launcher of one of the programs with wrong addresses."""
    with contextlib.ExitStack() as stack:

        def launch(function: str) -> Launcher:
            program = f"cmd:{sys.executable} -m tests.broken.wrong_addresses {function} {{address}}"
            launcher = Launcher(Starter(Target.parse(program), Family.INET, supervisor))
            check = Check.of(run_check)
            assert check
            launcher.begin_check(check)
            stack.callback(launcher.end_check, failed=True)
            return launcher

        yield launch


def test_server_that_listens_everywhere_is_found_by_connecting(launch: Launch) -> None:
    with pytest.raises(Violation, match=r"connections to 127\.0\.0\.2:\d+ refused .*127\.0\.0\.1:\d+, saw they were"):
        run_check(launch("listens_at_every_address"))


def test_server_that_listens_only_at_its_address_passes(launch: Launch) -> None:
    run_check(launch("correct"))


def test_another_server_with_the_same_port_at_another_address_is_not_held_against_a_server(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = launch("correct")
    address = unused(Address.parse("127.0.0.1:0"))
    monkeypatch.setattr(launcher.starter, "new_address", lambda: str(address))
    with listening(Address.parse(f"127.0.0.2:{address.port}"), Settings()):
        run_check(launcher)
