"""One trial: a fresh server process, warmed up, loaded for one window. The unit of statistics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from upecho.load.engine import best
from upecho.load.engine_process import EngineProcess
from upecho.load.plan import Failure, Job, LoadResult, Plan
from upecho.measure.cells import Cell, Name
from upecho.measure.cores import Cores
from upecho.measure.statistics import noise, plausibility
from upecho.processes import procfs, rlimits
from upecho.processes.interpreter import Interpreter
from upecho.processes.server_process import Launch, ServerProcess, StartFailure, start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target
from upecho.support import timeouts
from upecho.support.errors import TargetError
from upecho.support.text import printable

END_SECONDS = 0.2
DEADLINE_SECONDS = 5.0  # beyond the window, for a server that does not answer any more
OPENING_SECONDS = 0.002  # beyond that, for each connection: many servers accept one after the other


@dataclass(frozen=True)
class Window:
    """How long a server is loaded in one trial.

    Attributes:
        warm_up_seconds: before it counts. The connections of the warm-up are closed again: asyncio is several
            times slower until the first connection has ended.
        seconds: that count.
        seed: of what is sent.
        engine: the name of the load engine.
    """

    warm_up_seconds: float
    seconds: float
    seed: int
    engine: str = field(default_factory=best)


@dataclass(frozen=True)
class Trial:
    """What one trial gave.

    Attributes:
        target: as the user named it.
        family: by name.
        scenario: by name.
        round: counted from 1.
        load: what the engine saw in the window; None where it did not come to that.
        failure: what the server did wrong, so that this is no measurement; empty if it is one.
        void: why it is none although the server did nothing wrong.
        disturbances: what else went on on the machine, in a few words each; the trial counts all the same.
        cold: without the warm-up.
        python: the version of the server's interpreter; empty for that of the harness.
        resident_bytes: memory of the server before its first connection; None where the system does not tell.
        capacity: requests per second in a closed loop, where the load is a share of that; else None.
    """

    target: str
    family: str
    scenario: str
    round: int
    load: LoadResult | None
    failure: str = ""
    void: str = ""
    disturbances: tuple[str, ...] = ()
    cold: bool = False
    python: str = ""
    resident_bytes: int | None = None
    capacity: float | None = None

    @property
    def name(self) -> Name:
        """The cell it belongs to."""
        return Name(self.target, self.family, self.scenario, self.cold, self.python)

    def flaw(self) -> str:
        """Say why this can be no measurement, though it has no failure and is not void; empty if it can be one."""
        if self.failure or self.void:
            return ""
        if not self.load:
            return "has neither a load nor a failure"
        used = self.load.server_cpu_ns
        wrong = self.load.requests <= 0 or self.load.elapsed_ns <= 0 or (used is not None and used <= 0)
        return "has requests without time, or time without requests" if wrong else ""


@dataclass
class Seen:
    """What was seen of a server in its trial, as far as it came."""

    load: LoadResult | None = None
    failure: str = ""
    resident_bytes: int | None = None
    capacity: float | None = None


class Bench:
    """Measures trial after trial: one load engine for all, a fresh server for each."""

    def __init__(
        self, supervisor: Supervisor, cores: Cores, window: Window, pythons: Mapping[str, Interpreter] | None = None
    ) -> None:
        """Start the load engine.

        Args:
            supervisor: of the engine and of all servers.
            cores: for them.
            window: how long a trial is.
            pythons: interpreters of servers, by the version that cells name.
        """
        self._supervisor = supervisor
        self._cores = cores
        self._window = window
        self._pythons = pythons or {}
        rlimits.raise_limit()  # for engine and servers, which inherit it
        self._engine = EngineProcess(supervisor, cores.engine)

    def measure(self, cell: Cell, round_number: int) -> Trial:
        """Measure one trial.

        Raises:
            CallerError: the server refused its order.
            HarnessError: the load engine, or the machine, failed.
        """
        seen = Seen()
        try:
            launch = Launch(
                Target.implementation(cell.target),
                self._supervisor.new_address(cell.family),
                cores=self._cores.servers,
                interpreter=self._pythons.get(cell.python),
            )
            with start_server(self._supervisor, launch) as server:
                self._look(cell, server, seen)
                seen.failure = _failure(seen.load, server)
        except StartFailure as failure:
            if failure.refusal:
                raise failure.refusal from None
            seen.failure = str(failure)
        except TargetError as error:
            seen.failure = str(error)
        load = seen.load
        return Trial(
            *cell.name[:3],
            round_number,
            load,
            printable(seen.failure),
            void=plausibility.doubt(cell.scenario, load, self._window.seconds) if load and not seen.failure else "",
            disturbances=tuple(noise.disturbances(load, apart=bool(self._cores.engine))) if load else (),
            cold=cell.cold,
            python=cell.python,
            resident_bytes=seen.resident_bytes,
            capacity=seen.capacity,
        )

    def _look(self, cell: Cell, server: ServerProcess, seen: Seen) -> None:
        """Put loads on a server; the last one, or the first with an error, counts."""
        seen.resident_bytes = procfs.resident_bytes(server.child.pid) if procfs.AVAILABLE else None
        if not cell.cold:
            seen.load = self._run(cell, server, self._window.warm_up_seconds)
            if seen.load.errors:
                return
        rate = None
        if cell.scenario.share is not None:
            seen.load = self._run(cell, server, self._window.seconds)
            if seen.load.errors or not seen.load.requests:
                return
            seen.capacity = seen.load.requests / seen.load.elapsed_ns * 1e9
            rate = cell.scenario.share * seen.capacity
        seen.load = self._run(cell, server, self._window.seconds, rate)

    def _run(self, cell: Cell, server: ServerProcess, seconds: float, rate: float | None = None) -> LoadResult:
        timeout = DEADLINE_SECONDS + OPENING_SECONDS * (cell.scenario.connections + cell.scenario.idle)
        plan = Plan(
            connections=cell.scenario.connections,
            message_size=cell.scenario.message_size,
            duration_seconds=seconds,
            deadline_seconds=seconds + timeouts.scaled(timeout),
            seed=self._window.seed,
            depth=cell.scenario.depth,
            idle=cell.scenario.idle,
            churn=cell.scenario.churn,
            rate=rate,
        )
        group = server.child.pid if procfs.AVAILABLE else None
        return self._engine.run(Job(str(server.address), plan, group, self._window.engine))


def _failure(load: LoadResult | None, server: ServerProcess) -> str:
    """Say what was wrong: failed requests, or a server that ended or complained."""
    assert load
    findings = [f"{count} {kind}" for kind, count in load.errors.items() if kind is not Failure.NO_PORT]
    if not load.errors and not load.requests:
        findings.append("no request was answered")
    # The end of a process is seen on its connections a moment earlier than on itself.
    status = server.child.wait(END_SECONDS if load.errors else 0)
    if status is not None:
        findings.append(f"ended with status {status}")
    if said := server.child.stderr().strip().splitlines():
        findings.append(f"wrote to stderr: {said[-1]}")
    return ", ".join(findings)
