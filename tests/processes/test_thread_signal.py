"""A signal for one thread of another process."""

import signal
import sys
from collections.abc import Callable

import pytest

from upecho.processes import procfs, thread_signal
from upecho.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(
    not (procfs.AVAILABLE and thread_signal.AVAILABLE), reason="needs /proc and the function tgkill"
)

# A thread that reads the signal and one that blocks it, beside a main thread that blocks it as well.
THREADS = """
import signal, sys, threading
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
def read():
    signal.sigwait({signal.SIGTERM})
    print("read", flush=True)
reader = threading.Thread(target=read, daemon=True)
reader.start()
other = threading.Thread(target=threading.Event().wait, daemon=True)
other.start()
print(reader.native_id, other.native_id, flush=True)
sys.stdin.read()
"""


def test_signal_reaches_the_thread(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS])
    reader, _ = map(int, (child.read_line(20) or "").split())
    thread_signal.signal_thread(child.pid, reader, signal.SIGTERM)
    assert child.read_line(20) == "read"


def test_signal_for_another_thread_does_not_reach_it(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS])
    _, other = map(int, (child.read_line(20) or "").split())
    thread_signal.signal_thread(child.pid, other, signal.SIGTERM)
    assert child.read_line(0.2) is None
    assert child.is_alive()


def test_missing_thread_is_an_error(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS])
    with pytest.raises(ProcessLookupError):
        thread_signal.signal_thread(child.pid, 2**22 + 1, signal.SIGTERM)


def test_only_threads_that_do_not_block_the_signal_are_open_to_it(
    supervisor: Supervisor, eventually: Callable[[Callable[[], object]], None]
) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS])
    reader, other = map(int, (child.read_line(20) or "").split())
    # The thread announces itself before it calls sigwait, which unblocks the signal for as long as it waits.
    eventually(lambda: procfs.threads_open_to(child.pid, signal.SIGTERM) == [reader])
    assert procfs.threads_open_to(child.pid, signal.SIGINT) == sorted([reader, other])
