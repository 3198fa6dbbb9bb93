"""``upecho send``: sending a text or a stream, and errors on one line."""

import contextlib
import io
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from upecho.processes.server_process import ServerProcess

Upecho = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., ServerProcess]

FULL = Path("/dev/full")  # every write to it fails as on a full disk
CHUNK = bytes(range(256)) * 256  # the capacity of a pipe, so that one unbuffered write takes all of it
STREAM_CHUNKS = 4096
MAX_RESIDENT_BYTES = 64 * 2**20


@pytest.fixture
def send(start: Start, directory: Path) -> list[str]:
    """Return the command line that sends to a running server."""
    server = start("threads", f"unix:{directory}/s")
    return [sys.executable, "-m", "upecho", "send", "--to", str(server.address)]


@contextlib.contextmanager
def silent_server(directory: Path) -> Iterator[str]:
    """Yield the address of a server that accepts connections and never replies."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "silent"))
        listener.listen()
        yield f"unix:{directory}/silent"


def run(command: list[str], stdout: Any = subprocess.PIPE, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    pipe = subprocess.PIPE
    return subprocess.run(command, check=False, stdout=stdout, stderr=pipe, text=False, timeout=60, **options)


@pytest.mark.parametrize(
    ("text", "reply"),
    [(b"hello", b"HELLO\n"), (b"", b"\n"), (b"gr\xc3\xbc\xff", b"GR\xc3\xbc\xff\n"), (b"a b\n", b"A B\n\n")],
)
def test_reply_to_a_text_is_printed(send: list[str], text: bytes, reply: bytes) -> None:
    done = run([*send, os.fsdecode(text)])
    assert (done.returncode, done.stdout, done.stderr) == (0, reply, b"")


def test_text_after_two_hyphens_may_look_like_an_option(send: list[str]) -> None:
    assert run([*send, "--", "--help"]).stdout == b"--HELP\n"


def test_address_is_taken_from_the_environment(send: list[str]) -> None:
    done = run([*send[:-2], "hello"], env=os.environ | {"UPECHO_TO": send[-1]})
    assert done.stdout == b"HELLO\n"


@pytest.mark.parametrize("data", [b"", b"no line end", bytes(range(256)) * 4096])
def test_pipe_is_streamed(send: list[str], data: bytes) -> None:
    done = run(send, input=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, data.upper(), b"")


def test_file_is_streamed_to_a_file(send: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data := bytes(range(256)) * 40_000)
    with (tmp_path / "file").open("rb") as file, (tmp_path / "copy").open("wb") as copy:
        done = run(send, stdin=file, stdout=copy)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "copy").read_bytes() == data.upper()


def test_empty_input_gives_empty_output(send: list[str]) -> None:
    done = run(send, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@contextlib.contextmanager
def piped(command: list[str]) -> "Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]":
    with subprocess.Popen(command, bufsize=0, stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process, process.stdin, process.stdout
        finally:
            process.kill()


def resident_bytes(pid: int) -> int:
    """Return the peak resident memory of a process (VmHWM in proc_pid_status(5))."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmHWM"].removesuffix("kB")) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_long_stream_takes_constant_memory(send: list[str]) -> None:
    with piped(send) as (process, stdin, stdout):
        writing = threading.Thread(target=lambda: [stdin.write(CHUNK) for _ in range(STREAM_CHUNKS)])
        writing.start()
        expected = CHUNK.upper()
        reader = io.BufferedReader(stdout)  # type: ignore[type-var, unused-ignore]
        for _ in range(STREAM_CHUNKS):
            assert reader.read(len(CHUNK)) == expected
        writing.join()
        assert resident_bytes(process.pid) < MAX_RESIDENT_BYTES
        stdin.close()
        assert reader.read() == b""
        assert process.wait(10) == 0


def test_each_line_typed_on_a_terminal_is_answered_at_once(send: list[str]) -> None:
    terminal, terminal_of_child = pty.openpty()
    with subprocess.Popen([*send, "--timeout=0.05"], stdin=terminal_of_child, stdout=subprocess.PIPE) as process:
        os.close(terminal_of_child)
        assert process.stdout
        for line in (b"one\n", b"two\n"):
            os.write(terminal, line)
            assert process.stdout.readline() == line.upper()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)  # longer than --timeout, which applies only while a reply is expected
        os.write(terminal, b"\x04")  # Ctrl-D
        assert process.stdout.read() == b""
    os.close(terminal)
    assert process.returncode == 0


def test_refused_connection_is_reported_on_one_line(refusal: Callable[..., str], directory: Path) -> None:
    line = refusal("send", "hello", "--to", f"unix:{directory}/s")
    assert line == f"cannot connect to unix:{directory}/s: no server is listening there"


@pytest.mark.parametrize("value", ["0", "nan", "inf", "-1", "soon", "1e9"])
def test_invalid_timeout_is_reported_on_one_line(refusal: Callable[..., str], value: str) -> None:
    line = refusal("send", "hello", "--timeout", value)
    assert line == f"--timeout is {value!r}; it must be a number from 0.001 to 86400"


def test_unavailable_family_is_reported_on_one_line(
    refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    line = refusal("send", "hello", "--to", "unix:@x")
    assert line == "family abstract is unavailable here: abstract Unix sockets exist on Linux only"


def test_timeout_is_reported_on_one_line(upecho: Upecho, directory: Path) -> None:
    with silent_server(directory) as address:
        done = upecho("send", "hello", "--to", address, "--timeout", "0.05")
    reason = "the server was silent for 0.05 seconds: 5 bytes sent, 0 received"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"upecho: {reason}\n")


def test_incomplete_reply_is_reported_on_one_line(start: Start, upecho: Upecho) -> None:
    server = start("textbook")
    done = upecho("send", "x" * 1025, "--to", str(server.address))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("upecho: the server ")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("text", [["hello"], []])
def test_full_stdout_is_reported_on_one_line(send: list[str], text: list[str]) -> None:
    with FULL.open("wb") as full:
        done = run([*send, *text], input=b"hello", stdout=full)
    assert (done.returncode, done.stderr) == (3, b"upecho: cannot write to stdout: No space left on device\n")


def test_closed_pipe_is_not_an_error(send: list[str]) -> None:
    command = ["/bin/sh", "-c", 'yes | { "$@"; echo "status $?" >&2; } | head -c 5', "sh", *send]
    done = run(command, stdin=subprocess.DEVNULL)
    assert (done.stdout, done.stderr) == (b"Y\nY\nY", b"status 0\n")


def test_closed_stdin_is_reported_on_one_line(send: list[str]) -> None:
    done = run(["/bin/sh", "-c", '"$@" <&-', "sh", *send])
    assert (done.returncode, done.stderr) == (2, b"upecho: stdin is closed; give TEXT or redirect a file\n")


@pytest.fixture
def default_sigint() -> Iterator[None]:
    """Restore SIGINT: a shell ignores it in background jobs, and child processes inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_interrupts_a_command_that_waits_for_input(send: list[str], default_sigint: None) -> None:
    with piped(send) as (process, stdin, stdout):
        stdin.write(b"x")
        assert stdout.read(1) == b"X"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr
        assert process.stderr.read() == b"upecho: interrupted\n"
