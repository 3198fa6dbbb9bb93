"""``upecho serve``: the ready line, the graceful shutdown, and errors on one line."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEADLINE_SECONDS
from upecho.net.address import Address, Family
from upecho.net.connecting import connect
from upecho.processes.linux import procfs
from upecho.servers.shared import workers
from upecho.serving.listener import listening
from upecho.serving.settings import Settings

Upecho = Callable[..., "subprocess.CompletedProcess[str]"]
Refusal = Callable[..., str]
Process = subprocess.Popen[str]

# A console script, unlike ``python -c``, does not have the current directory on sys.path.
SCRIPT = "import sys; sys.path.remove(''); from upecho.cli import main; main()"
inet6_only = pytest.mark.skipif(not Family.INET6.is_available(), reason="needs IPv6")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@contextlib.contextmanager
def serving(*arguments: str, **options: Any) -> Iterator[tuple[Process, str]]:
    command = options.pop("args", [sys.executable, "-m", "upecho", "serve", *arguments])
    pipe = subprocess.PIPE
    process: Process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **options)
    with process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().rstrip("\n")
        finally:
            process.kill()


def exchange(address: str, text: bytes = b"hello") -> bytes:
    with connect(Address.parse(address), 10) as client:
        client.sendall(text)
        return client.recv(len(text), socket.MSG_WAITALL)


@pytest.mark.parametrize(
    "bind",
    [
        "127.0.0.1:0",
        "localhost:0",
        "0.0.0.0:0",
        pytest.param("[::1]:0", marks=inet6_only),
        pytest.param("unix:@upecho-test-serve", marks=linux_only),
    ],
)
def test_ready_line_has_the_address_and_is_the_only_output(bind: str) -> None:
    with serving("threads", "--bind", bind) as (process, line):
        begin, _, address = line.partition(" on ")
        assert begin == "upecho: threads is ready"
        assert exchange(address) == b"HELLO"
        process.terminate()
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("target", ["blocking", "prefork", "asyncio"])
def test_signal_stops_the_server_with_status_0(directory: Path, target: str, number: int) -> None:
    with serving(target, "--bind", f"unix:{directory}/s") as (process, line):
        assert exchange(line.partition(" on ")[2]) == b"HELLO"
        process.send_signal(number)
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")
    assert (process.returncode, list(directory.iterdir())) == (0, [])


@contextlib.contextmanager
def hostile_signals() -> Iterator[None]:
    """Block the stop signals and ignore SIGCHLD in this process, whose children inherit both."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@linux_only
def test_signals_that_the_caller_blocks_or_ignores_are_in_effect(
    directory: Path, eventually: Callable[[Callable[[], object]], None]
) -> None:
    with hostile_signals():
        server = serving("prefork", "--bind", f"unix:{directory}/s")
        process, line = server.__enter__()
    with contextlib.ExitStack() as stack:
        stack.push(server)
        eventually(lambda: len(procfs.members(process.pid)) > workers.default_count())
        first = set(procfs.members(process.pid))
        os.kill(max(first - {process.pid}), signal.SIGKILL)
        eventually(lambda: len(set(procfs.members(process.pid)) - first) == 1)  # a dead worker is noticed and replaced
        assert exchange(line.partition(" on ")[2]) == b"HELLO"
        process.terminate()
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")
    assert process.returncode == 0


def test_sigint_to_the_process_group_stops_the_workers(directory: Path) -> None:
    with serving("prefork", "--bind", f"unix:{directory}/s", process_group=0) as (process, line):
        assert exchange(line.partition(" on ")[2]) == b"HELLO"
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")
    assert (process.returncode, list(directory.iterdir())) == (0, [])


def test_naive_server_is_terminated_at_once(directory: Path) -> None:
    with serving("textbook", "--bind", f"unix:{directory}/s") as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "upecho: textbook did not stop when told to\n")
    assert (process.returncode, list(directory.iterdir())) == (1, [])


def test_naive_server_exits_after_its_client(directory: Path) -> None:
    with serving("textbook", "--bind", f"unix:{directory}/s") as (process, line):
        assert exchange(line.partition(" on ")[2]) == b"HELLO"
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")
    assert (process.returncode, list(directory.iterdir())) == (0, [])


def test_settings_are_passed_to_the_server(directory: Path) -> None:
    (directory / "mine.py").write_text("import sys\ndef serve(listener, stop): sys.exit(stop.settings)\n")
    (directory / "x.toml").write_text(f'backlog = 5\nmode = "0660"\nbind = "unix:{directory}/s"\n')
    with serving("mine:serve", "--config", "x.toml", "--grace=2", cwd=directory) as (process, line):
        assert line == f"upecho: mine:serve is ready on unix:{directory}/s"
        settings = Settings(backlog=5, mode=0o660, grace=2.0)
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", f"{settings}\n")


def test_console_script_finds_a_module_in_the_current_directory(directory: Path) -> None:
    (directory / "mine.py").write_text("def serve(listener, stop): pass\n")
    command = [sys.executable, "-c", SCRIPT, "serve", "mine:serve", "--bind", f"unix:{directory}/s"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_traceback_of_a_crash_is_shown(directory: Path) -> None:
    (directory / "mine.py").write_text("def serve(listener, stop): raise FileNotFoundError(2, 'mine', 'x')\n")
    with serving("mine:serve", "--bind", f"unix:{directory}/s", cwd=directory) as (process, _):
        assert "Traceback" in process.communicate(timeout=DEADLINE_SECONDS)[1]
    assert (process.returncode, (directory / "s").exists()) == (1, False)


def test_heavy_packages_are_not_imported() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "upecho", "serve", "threads", "--bind=127.0.0.1:0"]
    with serving(args=command) as (process, _):
        process.terminate()
        lines = process.communicate(timeout=DEADLINE_SECONDS)[1].splitlines()
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "click" in imported
    assert not imported & {"rich", "pytest", "hypothesis", "asyncio"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["threds"], "unknown implementation 'threds'; did you mean threads?"),
        (["asyncio+uvlop"], "unknown loop 'uvlop'; did you mean uvloop?"),
        (
            ["threads", "--bind=unix:/no/such/s"],
            "cannot listen on unix:/no/such/s: the directory does not exist",
        ),
        pytest.param(
            ["prefork-reuseport", "--bind=unix:/tmp/s"],
            "prefork-reuseport: unix:/tmp/s is not served; it serves only inet and inet6",
            marks=linux_only,
        ),
    ],
)
def test_invalid_target_or_address_is_reported_on_one_line(refusal: Refusal, arguments: list[str], line: str) -> None:
    assert refusal("serve", *arguments) == line


def test_missing_loop_is_reported_on_one_line(refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    line = refusal("serve", "asyncio+uvloop")
    assert line == "uvloop is unavailable here: not installed; run pip install uvloop"


def test_missing_directory_is_reported_on_one_line(upecho: Upecho) -> None:
    done = upecho("serve", "threads", "--bind=unix:/no/such/s")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "upecho: cannot listen on unix:/no/such/s: the directory does not exist\n"


def test_port_in_use_is_reported_on_one_line(upecho: Upecho) -> None:
    with listening(Address.parse("127.0.0.1:0"), Settings()) as taken:
        address = Address.of(taken)
        done = upecho("serve", "threads", "--bind", str(address))
    assert (done.returncode, done.stdout) == (2, "")
    reason = "the address is in use; stop what listens there or choose another"
    assert done.stderr == f"upecho: cannot listen on {address}: {reason}\n"


def test_file_at_the_socket_path_is_reported_and_kept(upecho: Upecho, directory: Path) -> None:
    (directory / "s").write_text("precious")
    done = upecho("serve", "threads", "--bind", f"unix:{directory}/s")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is not a socket" in done.stderr
    assert (directory / "s").read_text() == "precious"


@linux_only
def test_full_stdout_is_reported_and_leaves_no_socket_path(upecho: Upecho, directory: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = upecho("serve", "threads", "--bind", f"unix:{directory}/s", capture_output=False, stdout=full, stderr=-1)
    assert done.stderr == "upecho: cannot write the ready line to stdout: No space left on device\n"
    assert (done.returncode, list(directory.iterdir())) == (3, [])


def test_closed_stdout_pipe_is_reported_and_leaves_no_socket_path(upecho: Upecho, directory: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = upecho("serve", "threads", "--bind", f"unix:{directory}/s", capture_output=False, stdout=writer, stderr=-1)
    os.close(writer)
    assert done.stderr == "upecho: cannot write the ready line to stdout: Broken pipe\n"
    assert (done.returncode, list(directory.iterdir())) == (3, [])


def test_failed_start_leaves_signal_handlers_unchanged(refusal: Callable[..., str], directory: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    refusal("serve", "threads", "--bind", f"unix:{directory}/no/such/directory")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
