"""What a check cannot see is unsupported: a system without /proc, or with the processes of others hidden."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from upecho.conformance.catalogue import by_id, catalogue
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Address, Family
from upecho.serving.target import Target

pytestmark = pytest.mark.once

HIDDEN = 'mount -t tmpfs none /proc && exec "$@"'
UNSHARED = ["unshare", "--mount", "sh", "-c", HIDDEN, "sh"]
WRONG = "tests.broken.wrong_flow_control:unbounded_queue"
ECHOED_BYTES = 1 << 20
ACCEPTED_BYTES = 80 << 20
READ_BYTES = 1 << 20
GROWS = "bounded-memory-under-backpressure"


def can_hide() -> bool:
    """Whether this process may hide /proc from another one."""
    try:
        return subprocess.run([*UNSHARED, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_hidden_proc = pytest.mark.skipif(not can_hide(), reason="may not mount anything over /proc")


def verdicts(target: str, *arguments: str, directory: Path) -> dict[str, str]:
    """Check a target where /proc is hidden; return the verdict of each check."""
    file = directory / "verdicts.json"
    command = [*UNSHARED, sys.executable, "-m", "upecho", "check", target, "--json", str(file), *arguments]
    subprocess.run(command, capture_output=True, check=False, timeout=100)
    return {one["check"]: one["verdict"] for one in json.loads(file.read_text())["verdicts"]}


@needs_hidden_proc
@pytest.mark.parametrize("family", [Family.INET, Family.UNIX])
def test_checks_of_resources_are_unsupported_and_all_others_pass(family: Family, tmp_path: Path) -> None:
    seen = verdicts("selectors", "--family", family, directory=tmp_path)
    assert seen == {
        check.id: Verdict.UNSUPPORTED if check.observes else Verdict.PASSED
        for check in catalogue()
        if family in check.families and not check.limited
    }
    assert Counter(seen.values())[Verdict.UNSUPPORTED] > 5


@needs_hidden_proc
def test_server_that_accepts_everything_fails_although_its_memory_cannot_be_seen(tmp_path: Path) -> None:
    seen = verdicts(WRONG, "--family", "unix", "--check", GROWS, directory=tmp_path)
    assert seen == {GROWS: Verdict.FAILED}


def echo_a_little(listener: socket.socket) -> None:
    """Answer each client until it has sent a lot; accept more than that without an answer, but not everything."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def serve(connection: socket.socket) -> None:
    received = 0
    while received < ACCEPTED_BYTES and (data := connection.recv(READ_BYTES)):
        received += len(data)
        if received < ECHOED_BYTES:
            connection.sendall(data.upper())
    threading.Event().wait()


@pytest.fixture
def accepting_much() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=echo_a_little, args=(listener,), daemon=True).start()
        yield Address.of(listener)
        listener.shutdown(socket.SHUT_RDWR)


def test_server_that_accepts_much_has_no_verdict_if_its_memory_cannot_be_seen(accepting_much: Address) -> None:
    target = Target.parse(str(accepting_much))
    [outcome] = Runner([(target, Family.INET)], [by_id()[GROWS]], jobs=1).outcomes()
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert re.fullmatch(r"the memory of the server cannot be seen; \d+ MiB accepted", outcome.unsupported)
