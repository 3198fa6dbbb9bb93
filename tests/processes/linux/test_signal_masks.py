"""Which signals a process and its threads block, ignore or catch."""

import signal
import sys
from collections.abc import Callable

import pytest

from tests.processes.linux.threads import THREADS
from upecho.processes.linux import procfs, signal_masks
from upecho.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

IDLE = "import sys; print(flush=True); sys.stdin.read()"
BLOCKS = "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {15}); print(flush=True); sys.stdin.read()"
CATCHES = "import signal, sys; signal.signal(15, lambda *_: None); print(flush=True); sys.stdin.read()"


@pytest.mark.parametrize(("program", "handled"), [(BLOCKS, True), (CATCHES, True), (IDLE, False)])
def test_signal_is_handled_if_it_is_caught_or_blocked(supervisor: Supervisor, program: str, handled: bool) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", program])
    assert child.read_line(20) == ""
    assert signal_masks.handles(child.pid, 15) is handled
    assert signal_masks.handles(child.pid, 10) is False


def test_only_threads_that_do_not_block_the_signal_are_open_to_it(
    supervisor: Supervisor, eventually: Callable[[Callable[[], object]], None]
) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS])
    reader, other = map(int, (child.read_line(20) or "").split())
    # The thread announces itself before it calls sigwait, which unblocks the signal for as long as it waits.
    eventually(lambda: signal_masks.threads_open_to(child.pid, signal.SIGTERM) == [reader])
    assert signal_masks.threads_open_to(child.pid, signal.SIGINT) == sorted([reader, other])
