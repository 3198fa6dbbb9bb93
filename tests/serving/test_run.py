"""Running one server: the announcement, the stop, and that nothing is left behind."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DEADLINE_SECONDS
from tests.exchange import exchange
from upecho.net.address import Address
from upecho.net.connecting import connect
from upecho.processes.server_process import ServerProcess
from upecho.serving.run import Order
from upecho.serving.settings import Settings
from upecho.serving.stop_signals import OVERTIME_SECONDS
from upecho.support import timeouts

Start = Callable[..., ServerProcess]
Module = Callable[[str, str], str]

# Modules of the standard library that would take a quarter of the start. An ExitStack of Python 3.15 imports inspect.
SLOW = {"dataclasses", "difflib", *(["inspect"] if sys.version_info < (3, 15) else [])}
# Packages that a server process must not import, because a measurement would include them.
HEAVY = {"click", "rich", "pytest", "_pytest", "hypothesis", "pytest_benchmark", "importlib.metadata"}

IGNORING = "import time\ndef serve(listener, stop):\n    while True: time.sleep(60)\n"
# Sends itself SIGTERM as soon as it is ready, before ``serve`` is called.
HASTY = """
import os, signal, sys
from upecho.serving import run as serving
serving.run(serving.Order.from_json(sys.argv[1]), lambda address: os.kill(os.getpid(), signal.SIGTERM))
"""


# Gets both stop signals once more after it has stopped.
LATE = HASTY + "os.kill(os.getpid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGTERM); print('undisturbed')"


# Prints more to stdout than a pipe has room for.
TALKATIVE = """
from upecho.servers import threads
def serve(listener, stop):
    print("x" * 1000000, flush=True)
    threads.serve(listener, stop)
"""


# Has no descriptor left as soon as it is announced, like a server whose workers serve many clients at once.
CROWDED = """
import errno, os, resource
from upecho.servers import selectors
CALLS_READY = True
def serve(listener, stop):
    read, taken = os.read, []
    def crowded(descriptor, size):
        try:
            while True:
                taken.append(os.dup(descriptor))
        except OSError as error:
            assert error.errno == errno.EMFILE
        os.read = read
        return read(descriptor, size)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.read = crowded
    stop.ready()
    assert taken
    for one in taken:
        os.close(one)
    selectors.serve(listener, stop)
"""


# Takes a while to end after serve has returned.
SLOW_TO_END = f"""
import atexit, time
from upecho.servers import threads
atexit.register(time.sleep, {OVERTIME_SECONDS + 0.5})
serve = threads.serve
"""


# Handles another signal, as servers with children do with SIGCHLD.
HANDLING = """
import signal
from upecho.servers import selectors
def serve(listener, stop):
    signal.signal(signal.SIGUSR1, lambda *_: None)
    selectors.serve(listener, stop)
"""


WITHOUT_EXTENSION = "import sys; sys.modules['upecho.support._native'] = None\n"


# Blocks the stop signals in the main thread, so that the other thread receives them.
BLOCKING = """
import signal, threading
from upecho.servers import threads
def serve(listener, stop):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    threads.serve(listener, stop)
"""


# Says on stderr, which nobody else does, in what state the process is in which ``serve`` begins.
FOUND = """
import signal, sys, threading
from upecho.servers import threads
def serve(listener, stop):
    alarm = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    left = signal.set_wakeup_fd(-1), alarm, mask, threading.active_count(), listener.getblocking()
    sys.stderr.write(repr(left))
    threads.serve(listener, stop)
"""


def expect_echo(server: ServerProcess) -> None:
    with connect(server.address, 5) as client:
        assert exchange(client) == b"HELLO"


def test_order_survives_a_trip_as_json() -> None:
    order = Order("mine:serve+uvloop", "unix:/tmp/\udcff on ü", Settings(1, 2, 3.5, 0o640))
    assert Order.from_json(order.to_json()) == order
    assert order.to_json().isascii()


def test_server_may_log_to_stdout(start: Start, module: Module) -> None:
    server = start(module("own", TALKATIVE))
    expect_echo(server)
    assert server.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can filter signals")
@pytest.mark.parametrize("before", ["", WITHOUT_EXTENSION])
def test_other_signal_is_not_a_stop(start: Start, module: Module, before: str) -> None:
    server = start(module("own", before + HANDLING))
    for _ in range(3):
        with connect(server.address, 5) as client:
            assert exchange(client) == b"HELLO"
            server.child.send_signal(signal.SIGUSR1)
            assert server.child.wait(0.1) is None
    assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_ends_the_server_cleanly(start: Start, directory: Path, number: int) -> None:
    server = start("threads", f"unix:{directory}/s")
    with connect(server.address, 5):
        assert server.stop(number) == 0
    assert server.child.stderr() == ""
    assert list(directory.iterdir()) == []


def test_stop_after_the_end_changes_nothing() -> None:
    order = Order("threads", "127.0.0.1:0", Settings())
    command = [sys.executable, "-c", LATE, order.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "undisturbed\n", "")


def test_loop_with_its_own_wakeup_descriptor_stops(start: Start) -> None:
    pytest.importorskip("uvloop")
    server = start("asyncio+uvloop")
    with connect(server.address, 5) as client:
        assert exchange(client) == b"HELLO"
        assert server.stop() == 0


def test_nothing_but_two_handlers_is_set_when_the_server_begins(start: Start, module: Module) -> None:
    server = start(module("own", FOUND))
    expect_echo(server)
    assert server.stop() == 0
    assert server.child.stderr() == repr((-1, (signal.SIG_DFL, (0.0, 0.0)), set(), 1, True))


@pytest.mark.parametrize("before", ["", WITHOUT_EXTENSION])
def test_server_stops_although_another_thread_receives_the_signal(start: Start, module: Module, before: str) -> None:
    server = start(module("own", before + BLOCKING))
    with connect(server.address, 5) as client:
        assert exchange(client) == b"HELLO"
        assert server.stop() == 0
    assert server.child.stderr() == ""


@pytest.mark.parametrize("target", ["native", "asyncio+uvloop", "asyncio+rloop:new_event_loop"])
def test_idle_server_that_waits_in_c_stops(start: Start, target: str) -> None:
    pytest.importorskip(target.partition("+")[2].partition(":")[0] or "upecho.support._native")
    server = start(target)
    expect_echo(server)
    time.sleep(0.1)  # so that the server waits
    assert server.stop() == 0


def test_repeated_stop_changes_nothing(start: Start) -> None:
    server = start("threads")
    for _ in range(500):  # some interrupt the handler of others
        server.child.send_signal(signal.SIGINT)
    assert server.stop(signal.SIGINT) == 0
    assert server.child.stderr() == ""


@pytest.mark.parametrize("target", ["threads", "selectors", "asyncio", "asyncio+uvloop"])
def test_stop_before_serve_is_called_ends_the_server(directory: Path, target: str) -> None:
    if target.endswith("uvloop"):
        pytest.importorskip("uvloop")
    order = Order(target, f"unix:{directory}/s", Settings())
    done = subprocess.run([sys.executable, "-c", HASTY, order.to_json()], timeout=DEADLINE_SECONDS, check=False)
    assert (done.returncode, list(directory.iterdir())) == (0, [])


def test_server_that_ignores_the_stop_is_ended(start: Start, directory: Path, module: Module) -> None:
    server = start(module("ignoring", IGNORING), f"unix:{directory}/s", grace=0.0)
    assert server.stop() == 1
    assert server.child.stderr() == "upecho: ignoring:serve did not stop when told to\n"
    assert not (directory / "s").exists()


def test_declared_grace_delays_the_end_of_a_server_that_ignores_the_stop(
    start: Start, directory: Path, module: Module
) -> None:
    server = start(module("ignoring", f"GRACE = 0.7\n{IGNORING}"), f"unix:{directory}/s", grace=0.0)
    server.child.send_signal(signal.SIGTERM)
    assert server.child.wait(0.7 + OVERTIME_SECONDS - 0.1) is None
    assert server.child.wait(20) == 1


def test_slow_machine_delays_the_end_of_a_server_that_ignores_the_stop(start: Start, module: Module) -> None:
    with timeouts.stretched(2):
        server = start(module("ignoring", IGNORING), grace=0.0)
    server.child.send_signal(signal.SIGTERM)
    assert server.child.wait(2 * OVERTIME_SECONDS - 0.1) is None
    assert server.child.wait(20) == 1


def test_interpreter_may_take_longer_to_end_than_the_server(start: Start, module: Module) -> None:
    server = start(module("slow_to_end", SLOW_TO_END), grace=0.0)
    assert server.stop() == 0
    assert server.child.stderr() == ""


def test_naive_server_is_ended_at_once(start: Start, directory: Path) -> None:
    server = start("textbook", f"unix:{directory}/s", grace=3600.0)
    assert server.stop() == 1
    assert server.child.stderr() == "upecho: textbook did not stop when told to\n"
    assert not (directory / "s").exists()


@pytest.mark.parametrize("name", ["a on b", "\udcff", "ü", " on "])
def test_announcement_carries_any_path(start: Start, directory: Path, name: str) -> None:
    server = start("threads", f"unix:{directory}/{name}")
    assert server.address == Address.parse(f"unix:{directory}/{name}")


def test_server_needs_no_descriptor_after_it_is_announced(start: Start, module: Module) -> None:
    server = start(module("crowded", CROWDED))
    with connect(server.address, 20) as client:
        assert exchange(client) == b"HELLO"
    assert server.stop() == 0
    assert server.child.stderr() == ""


def test_announcement_carries_the_actual_port(start: Start) -> None:
    server = start("threads", "127.0.0.1:0")
    assert server.address.port > 0
    connect(server.address, 5).close()


@pytest.mark.unmeasured  # coverage itself imports some of the modules
@pytest.mark.parametrize(("target", "uses_asyncio"), [("threads", False), ("selectors", False), ("asyncio", True)])
def test_server_imports_only_what_it_needs(target: str, uses_asyncio: bool) -> None:
    order = Order(target, "127.0.0.1:0", Settings())
    command = [sys.executable, "-X", "importtime", "-c", HASTY, order.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "upecho" in imported
    assert not imported & HEAVY
    assert ("asyncio" in imported) == uses_asyncio
    assert uses_asyncio or not imported & SLOW  # asyncio itself imports some of them


@pytest.mark.parametrize("module", ["serving.run", "processes.server_process", "processes.interpreter", "net.exchange"])
def test_foundation_imports_only_the_standard_library(module: str) -> None:
    command = [sys.executable, "-X", "importtime", "-c", f"import upecho.{module}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "upecho" in imported
    assert not imported & HEAVY


def test_module_in_the_current_directory_shadows_nothing(
    start: Start, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "selectors.py").write_text("1 / 0")
    monkeypatch.chdir(directory)
    assert start("selectors").stop() == 0


def test_crash_leaves_a_traceback_and_no_path(start: Start, directory: Path, module: Module) -> None:
    crash = module("crash", "def serve(listener, stop):\n    listener.accept()\n    raise OSError('mine')\n")
    server = start(crash, f"unix:{directory}/s")
    connect(server.address, 5).close()
    assert server.child.wait(20) == 1
    assert "Traceback" in server.child.stderr()
    assert not (directory / "s").exists()


LINGERING = """
import select, threading, time

def leaves_a_thread(listener, stop):
    threading.Thread(target=time.sleep, args=(1000,)).start()
    select.select([stop], [], [])

def swallows_everything(listener, stop):
    while True:
        try:
            listener.accept()
        except BaseException:
            pass
"""


@pytest.mark.parametrize("name", ["leaves_a_thread", "swallows_everything"])
def test_server_that_does_not_end_is_ended(start: Start, module: Module, name: str) -> None:
    module("lingering", LINGERING)
    server = start(f"lingering:{name}", grace=0.1)
    assert server.stop() == 1
    assert "did not stop when told to, and was terminated" in server.child.stderr()
