"""Decides whether a server process uses next to no CPU time once it has finished what there was to do.

Theory of operation
    The window in which a server has to be idle is short and the limit low: ten wake-ups a second cost less than 3 %,
    and a thread that spins gets more on any machine. Windows are tried for 3 s, so that unfinished work is not taken
    for spinning. The mean over 2 s decides for a server that works in bursts, which a busy machine can draw out until
    no quiet window is left; it is longer than the second after which asyncio tries again to accept. On a busy machine a
    thread that spins may get next to no CPU time; it gives itself away by being ready to run whenever it is looked at.
"""

import time

from upecho.conformance.harness.violation import Violation
from upecho.processes.server_process import ServerProcess

WINDOW_SECONDS = 0.3
STEP_SECONDS = 0.1  # from the beginning of one window to the beginning of the next
WINDOW_SAMPLES = 4
SHARE = 0.03  # of one core
LONGEST_SECONDS = 3.0
MEAN_SECONDS = 2.0
MEAN_SHARE = 0.1  # of one core

Reading = tuple[float, float]  # time and CPU time used until then, in seconds


def expect(process: ServerProcess) -> None:
    """Expect that a process becomes idle.

    Raises:
        Violation: It does not.
    """
    readings = [_read(process)]
    was_busy = [process.is_busy()]
    while readings[-1][0] - readings[0][0] < LONGEST_SECONDS:
        time.sleep(STEP_SECONDS)
        readings.append(_read(process))
        was_busy.append(process.is_busy())
        if _cpu_share(readings, WINDOW_SECONDS) < SHARE and not all(was_busy[-WINDOW_SAMPLES:]):
            return
    if (mean := _cpu_share(readings, MEAN_SECONDS)) >= MEAN_SHARE or all(was_busy):
        seen = f"{mean:.0%} of a core over {MEAN_SECONDS:g} s"
        seen += ", and ready to run whenever it was looked at" if all(was_busy) else ""
        raise Violation(f"less than {SHARE:.0%} of a core once there is nothing to do", seen)


def _read(process: ServerProcess) -> Reading:
    return time.monotonic(), process.cpu_seconds()


def _cpu_share(readings: list[Reading], seconds: float) -> float:
    """Return the share of one core that was used during about the last ``seconds``; 1 if the readings are younger."""
    end, used_in_all = readings[-1]
    for began, used in reversed(readings):
        if end - began >= seconds:
            return (used_in_all - used) / (end - began)
    return 1.0
