"""The memory of the suite stays bounded, whatever a server does with what it is sent."""

import subprocess
import sys
from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.once, pytest.mark.unmeasured]

MOST_MIB = 150
# The peak of a process includes that of its parent at the fork, so a small process starts the suite and measures it.
MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
SUITE = [sys.executable, "-m", "pytest", "--pyargs", "upecho.conformance", "-p", "no:cacheprovider", "--upecho-all"]
BULK = ("bounded-memory-under-backpressure", "fairness-under-flood", "full-duplex")
SERVER = """
import threading

def reads_without_end(connection):
    connection.sendall(connection.recv(100).upper())
    while connection.recv(1 << 20):
        pass

def answers_all_but_the_bulk(connection):
    while data := connection.recv(1 << 20):
        connection.sendall(data[:4096].upper())

def answers_without_end(connection):
    connection.sendall(connection.recv(100).upper())
    while connection.recv(1):
        while True:
            connection.sendall(bytes(1 << 20))

def answers_twice(connection):
    while data := connection.recv(1 << 20):
        connection.sendall(data.upper() * 2)

def queues_everything(connection):
    queue = []
    while data := connection.recv(1 << 20):
        queue.append(data.upper())
        if len(data) < 1 << 10:
            connection.sendall(b"".join(queue))
            queue.clear()

def handle(connection):
    try:
        HANDLER(connection)
    except OSError:
        pass

def serve(listener, stop):
    while True:
        threading.Thread(target=handle, args=[listener.accept()[0]], daemon=True).start()
"""


@pytest.mark.parametrize(
    "handler",
    [
        "reads_without_end",
        "answers_all_but_the_bulk",
        "answers_without_end",
        "answers_twice",
        "queues_everything",
    ],
)
def test_suite_keeps_little_of_what_it_sends_and_receives(
    handler: str, module: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.3")
    target = module("hostile", SERVER.replace("HANDLER", handler))
    selected = [argument for check in BULK for argument in ("--upecho-check", check)]
    command = [*SUITE, "--upecho-target", target, "--upecho-family", "inet", *selected]
    done = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, check=True)
    status, peak_kib = map(int, done.stdout.split())
    assert (status, peak_kib >> 10 <= MOST_MIB) == (1, True), f"{peak_kib >> 10} MiB\n{done.stderr}"
