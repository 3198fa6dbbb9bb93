"""Measures the two sides of a pair side by side: both servers run, and short windows of load alternate between them.

Theory of operation
    A shared machine changes its speed within seconds, so two trials that follow each other may differ by more than the
    servers do. Windows of a tenth of a second on servers that both run are closer together. They alternate in the order
    A B B A, so that a drift cancels, and the windows of one server count as one load. The idle server waits in the
    kernel and costs nothing.

    Both servers of a round have the same memory layout and hash seed, and those of another round have other ones
    (``upecho.processes.layout``). The side that starts first, and is loaded first, changes from round to round.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from upecho.load.merging import in_sequence
from upecho.load.plan import LoadResult
from upecho.measure.loaded_server import LoadedServer
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.settings import Window
from upecho.measure.statistics.noise import disturbances
from upecho.measure.statistics.plausibility import Void, why_void
from upecho.measure.throttling import Throttling
from upecho.measure.trial_runner import TrialRunner, not_ready
from upecho.measure.trials import Finding, Trial
from upecho.processes.linux import procfs
from upecho.processes.starting import StartFailure


@dataclass
class _Side:
    """One side of a round.

    Attributes:
        planned: What is measured.
        server: Its server; None before it is started.
        loads: Results of its windows, without the warm-up.
        findings: What the server did wrong.
        void: Why the windows together are no measurement; None if they are one.
        resident_bytes: Resident memory before the first connection, in bytes; None if the system does not report it.
    """

    planned: PlannedCell
    server: LoadedServer | None = None
    loads: list[LoadResult] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    void: Void | None = None
    resident_bytes: int | None = None


def measure_pair(
    runner: TrialRunner, sides: Sequence[PlannedCell], number: int, *, window: Window, windows: int
) -> list[Trial]:
    """Measure one round; if a trial fails or is void, the result is that trial only.

    Args:
        runner: Starts and loads the servers.
        sides: The two sides. The second one comes first in every second round.
        number: Number of the round, counted from 1.
        window: How each server is loaded.
        windows: Number of windows that the load is divided into.

    Raises:
        CallerError: A server rejected its settings.
        HarnessError: The load engine or the machine failed, or there is no room for a socket in TMPDIR.
    """
    both = [_Side(one) for one in (sides if number % 2 else sides[::-1])]
    counts = runner.quotas.read()
    with contextlib.ExitStack() as servers:
        pair = _Pair(runner, both, window)
        if pair.start(servers, window.layout(number)) and pair.warm_up():
            pair.load(windows)
    for side in both:
        side.void = side.void or _void(side, window, windows)
    throttling = runner.quotas.since(counts)
    failed = [side for side in both if side.findings or side.void]
    return [_trial(side, number, throttling, own_core=bool(runner.cores.engine)) for side in failed or both]


@dataclass(frozen=True)
class _Pair:
    """Two servers of a round; each method returns whether both still work."""

    runner: TrialRunner
    sides: Sequence[_Side]
    window: Window

    def start(self, servers: contextlib.ExitStack, layout: int) -> bool:
        for side in self.sides:
            try:
                side.server = servers.enter_context(self.runner.serving(side.planned, layout))
            except StartFailure as failure:
                side.findings = (not_ready(failure),)
                return False
            if side.server.scope:
                side.resident_bytes = side.server.scope.use().resident_bytes
        return True

    def warm_up(self) -> bool:
        return all(self._load_once(side, self.window.warm_up_seconds) for side in self.sides)

    def load(self, windows: int) -> bool:
        for side in self.sides:
            side.loads.clear()
        seconds = self.window.seconds / windows
        turns = (side for number in range(windows) for side in (self.sides[::-1] if number % 2 else self.sides))
        return all(self._load_once(side, seconds) for side in turns)

    def _load_once(self, side: _Side, seconds: float) -> bool:
        assert side.server
        earlier = procfs.started_count()
        load = self.runner.run(side.planned.scenario, side.server, seconds=seconds)
        side.loads.append(load)
        side.void = side.server.lost_cpu_time(load, procfs.started_count() - earlier)
        side.findings = tuple(side.server.findings(load))
        return not (side.findings or side.void or load.errors)


def _void(side: _Side, window: Window, windows: int) -> Void | None:
    """Return why the load of a side is no measurement; None if it is one, or if it has not been completed.

    Every window has the edges that ``why_void`` allows for.
    """
    if side.findings or not side.loads or (len(side.loads) < windows and not side.loads[-1].errors):
        return None
    load = in_sequence(side.loads)
    edges_seconds = (windows - 1) * load.latency.mean_ns / 1e9
    return why_void(side.planned.scenario, load, seconds=window.seconds - edges_seconds)


def _trial(side: _Side, number: int, throttling: Throttling | None, *, own_core: bool) -> Trial:
    load = in_sequence(side.loads) if side.loads else None
    return Trial(
        side.planned.cell,
        number,
        load,
        findings=side.findings,
        void=side.void,
        disturbances=tuple(disturbances(load, throttling=throttling, own_core=own_core)),
        resident_bytes=side.resident_bytes,
        throttling=throttling,
    )
