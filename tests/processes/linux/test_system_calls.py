"""System calls of processes are counted exactly, including those of threads and children that start and end."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from upecho.processes.linux import procfs, system_calls
from upecho.processes.linux.system_calls import Method
from upecho.support.errors import Unavailable

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

MAIN, THREAD, CHILD = 5000, 700, 300
MORE = 150  # calls that the interpreter needs in order to start a thread and a child
PROGRAM = f"""
import os, sys, threading
def call(times):
    for _ in range(times):
        os.getppid()
print(flush=True)
sys.stdin.readline()
child = os.fork()
if not child:
    call({CHILD})
    os._exit(0)
os.waitpid(child, 0)
thread = threading.Thread(target=call, args=[{THREAD}])
thread.start()
thread.join()
call({MAIN})
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=list(Method), ids=str)
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Method:
    """Repeat a test with each method that works here."""
    if request.param is Method.STRACE:
        monkeypatch.setattr(system_calls, "ENTRY", Path("nothing"))
    try:
        found = system_calls.method()
    except Unavailable as error:
        pytest.skip(str(error))
    if found is not request.param:
        pytest.skip("the system allows it no counter")
    return Method(found)


@pytest.fixture
def program() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-S", "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process


def proceed(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"\n")
    process.stdin.flush()
    process.stdout.readline()


def test_calls_of_threads_and_children_count_after_their_end(method: Method, program: subprocess.Popen[bytes]) -> None:
    end = system_calls.begin(method, procfs.members(program.pid))
    proceed(program)
    count = end()
    assert count is not None
    assert MAIN + THREAD + CHILD <= count <= MAIN + THREAD + CHILD + MORE


def test_processes_run_on_untraced_when_counting_has_ended(method: Method, program: subprocess.Popen[bytes]) -> None:
    system_calls.begin(method, [program.pid])()
    assert procfs.tracers([program.pid]) == {0}
    proceed(program)
    assert program.poll() is None


def test_idle_process_makes_no_calls(method: Method, program: subprocess.Popen[bytes]) -> None:
    count = system_calls.begin(method, [program.pid])()
    assert count is not None
    assert count <= 2  # the one that it waits in, which strace interrupts


def test_process_may_end_while_it_is_counted(method: Method, program: subprocess.Popen[bytes]) -> None:
    end = system_calls.begin(method, [program.pid])
    program.send_signal(signal.SIGKILL)
    program.wait()
    assert (end() or 0) <= MORE


def test_process_that_does_not_exist_is_not_traced(program: subprocess.Popen[bytes]) -> None:
    if not shutil.which(system_calls.STRACE):
        pytest.skip("strace is not installed")
    program.kill()
    program.wait()
    with pytest.raises(Unavailable):
        system_calls.begin(Method.STRACE, [program.pid])


@pytest.mark.once
def test_reasons_of_both_methods_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_calls, "ENTRY", Path("nothing"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Unavailable) as refused:
        system_calls.method()
    assert str(refused.value) == (
        "counting system calls is unavailable here: the kernel's counter cannot be used (tracefs is not mounted, or "
        "not readable; root can mount it: mount -t tracefs nodev /sys/kernel/tracing); install strace"
    )


@pytest.mark.once
def test_strace_that_may_not_trace_is_no_method(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    complaint = "attach: ptrace(PTRACE_SEIZE, 7): Operation not permitted"
    fake = tmp_path / "strace"
    fake.write_text(f"#!/bin/sh\necho 'strace: {complaint}' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(system_calls, "ENTRY", Path("nothing"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(Unavailable) as refused:
        system_calls.method()
    assert str(refused.value).endswith(f"strace: {complaint}")
