"""A signal for one thread of another process."""

import signal
import sys

import pytest

from tests.processes.linux.threads import THREADS
from upecho.processes.linux import procfs, thread_signal
from upecho.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(
    not (procfs.AVAILABLE and thread_signal.AVAILABLE), reason="needs /proc and the function tgkill"
)


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
