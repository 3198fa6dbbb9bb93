"""Runs trials: provides the server of each and puts the load of its cell on it."""

import contextlib
from dataclasses import dataclass

from upecho.load.engine_process import EngineProcess
from upecho.load.plan import Job, LoadResult, Plan
from upecho.measure.cores import Cores
from upecho.measure.loaded_server import LoadedServer, serving
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Window
from upecho.measure.statistics.noise import disturbances
from upecho.measure.statistics.plausibility import Void, why_void
from upecho.measure.throttling import Quotas
from upecho.measure.trials import Fault, Finding, SystemCalls, Trial
from upecho.processes import rlimits
from upecho.processes.linux import procfs
from upecho.processes.linux.system_calls import Method
from upecho.processes.starting import StartFailure
from upecho.processes.supervisor import Supervisor
from upecho.support import timeouts
from upecho.support.errors import AddressError, CallerError, HarnessError, UpechoError
from upecho.support.text import printable

COUNT_SECONDS = 0.1  # of the load in which system calls are counted: thousands of requests, except large ones
DEADLINE_SECONDS = 5.0  # for a server that no longer answers, after the end of the window
DEADLINE_SECONDS_PER_CLIENT = 0.002  # many servers accept one connection after another


@dataclass
class Observation:
    """What a trial has shown about its server so far.

    Attributes:
        load: Result of the last load.
        resident_bytes: Resident memory of a fresh server before the first connection, in bytes.
        capacity: Requests per second in a closed loop, if the scenario needs it.
        shares_core: Whether the server may run on the core of the load engine.
        rate: Requests per second of the load; None in a closed loop.
        system_calls: System calls in a further load, if they are counted.
        void: Why the load is no measurement of CPU time; None if it is one.
    """

    load: LoadResult | None = None
    resident_bytes: int | None = None
    capacity: float | None = None
    shares_core: bool = False
    rate: float | None = None
    system_calls: SystemCalls | None = None
    void: Void | None = None


class TrialRunner:
    """Runs one trial after another, with one load engine for all and a fresh server for each that upecho starts.

    Attributes:
        quotas: CPU quotas that the engine and the servers are subject to.
        cores: Processor cores of the engine and of the servers.
    """

    def __init__(self, supervisor: Supervisor, cores: Cores, window: Window) -> None:
        """Start the load engine.

        Args:
            supervisor: Supervisor of the engine and of all servers.
            cores: Processor cores for the engine and for the servers.
            window: How each server is loaded.
        """
        self._supervisor = supervisor
        self.cores = cores
        self._window = window
        rlimits.raise_limit()  # the engine and the servers inherit it
        self.quotas = Quotas()
        self._engine = EngineProcess(supervisor, cores.engine)

    def measure(self, planned: PlannedCell, round_number: int) -> Trial:
        """Run one trial.

        Raises:
            CallerError: The server rejected its settings.
            HarnessError: The load engine or the machine failed, or there is no room for a socket in TMPDIR.
        """
        seen = Observation()
        counts = self.quotas.read()
        try:
            findings = self._observe(planned, seen)
        except StartFailure as failure:
            findings = (not_ready(failure),)
        load, throttling = seen.load, self.quotas.since(counts)
        return Trial(
            planned.cell,
            round_number,
            load,
            findings=findings,
            void=seen.void or why_void(planned.scenario, load, seconds=self._window.seconds)
            if load and not findings
            else None,
            disturbances=tuple(disturbances(load, throttling=throttling, own_core=bool(self.cores.engine))),
            resident_bytes=seen.resident_bytes,
            capacity=seen.capacity,
            shares_core=seen.shares_core,
            throttling=throttling,
            system_calls=seen.system_calls,
        )

    def _observe(self, planned: PlannedCell, seen: Observation) -> tuple[Finding, ...]:
        """Load a server; return what it did wrong."""
        with self.serving(planned) as server:
            earlier = procfs.started_count()
            self._load(planned, server, seen)
            assert seen.load
            seen.void = server.lost_cpu_time(seen.load, procfs.started_count() - earlier)
            findings = tuple(server.findings(seen.load))
            if self._window.system_calls and not findings and self._may_count(planned.scenario, server):
                seen.system_calls = self._counted(planned.scenario, server, seen.rate)
            return findings

    def serving(
        self, planned: PlannedCell, layout: int | None = None
    ) -> contextlib.AbstractContextManager[LoadedServer]:
        """Provide the server of a trial (``upecho.measure.loaded_server``)."""
        return serving(self._supervisor, planned, self.cores.servers, layout=layout)

    def _load(self, planned: PlannedCell, server: LoadedServer, seen: Observation) -> None:
        """Put all loads of a trial on a server; the last one counts, or else the first with errors."""
        seen.shares_core = server.may_run_on(self.cores.engine)
        if server.scope and server.is_fresh:
            seen.resident_bytes = server.scope.use().resident_bytes
        scenario = planned.scenario
        if not planned.cell.cold:
            seen.load = self.run(scenario, server, seconds=self._window.warm_up_seconds)
            if seen.load.errors:
                return
        if scenario.share is not None:
            seen.load = self.run(scenario, server, seconds=self._window.seconds)
            if seen.load.errors or not seen.load.requests:
                return
            seen.capacity = seen.load.requests / seen.load.elapsed_ns * 1e9
            seen.rate = scenario.share * seen.capacity
        seen.load = self.run(scenario, server, seconds=self._window.seconds, rate=seen.rate)

    def _may_count(self, scenario: Scenario, server: LoadedServer) -> bool:
        """Whether system calls can be counted in this way.

        A server that strace slows down could not follow a schedule, and strace stops threads for a moment, which is not
        done to a server that someone else has started.
        """
        return self._window.system_calls is not Method.STRACE or (scenario.share is None and server.is_fresh)

    def _counted(self, scenario: Scenario, server: LoadedServer, rate: float | None) -> SystemCalls | None:
        """Count system calls in a further load; None if that fails, which is not the fault of the server."""
        method = self._window.system_calls
        load = self.run(scenario, server, seconds=COUNT_SECONDS, rate=rate, counting=method)
        if load.errors or not load.requests or not load.server or load.server.system_calls is None or not method:
            return None
        return SystemCalls(load.server.system_calls, load.requests, method)

    def run(
        self,
        scenario: Scenario,
        server: LoadedServer,
        *,
        seconds: float,
        rate: float | None = None,
        counting: Method | None = None,
    ) -> LoadResult:
        """Put one load on a server.

        Args:
            scenario: The load.
            server: The server.
            seconds: Duration, in seconds.
            rate: Requests per second; None for a closed loop.
            counting: How to count system calls; None if they are not counted.
        """
        timeout = DEADLINE_SECONDS + DEADLINE_SECONDS_PER_CLIENT * scenario.clients
        plan = Plan(
            connections=scenario.connections,
            message_size=scenario.message_size,
            duration_seconds=seconds,
            deadline_seconds=seconds + timeouts.scaled(timeout),
            seed=self._window.seed,
            depth=scenario.depth,
            idle=scenario.idle,
            churn=scenario.churn,
            rate=rate,
        )
        job = Job(str(server.address), plan, scope=server.scope, engine=self._window.engine, system_calls=counting)
        return self._engine.run(job)


def not_ready(failure: StartFailure) -> Finding:
    """Return what a server did wrong that did not become ready.

    Raises:
        UpechoError: It rejected its settings, which is not its fault.
    """
    if failure.refusal:
        raise _blamed_on_the_right_one(failure.refusal) from None
    return Finding(Fault.NOT_READY, printable(failure.detail))


def _blamed_on_the_right_one(refusal: CallerError) -> UpechoError:
    """Return the error for settings that a server rejected: the address was our choice, and it is on our disk."""
    if isinstance(refusal, AddressError):
        return HarnessError(refusal.reason, subject=refusal.subject, hint=refusal.hint)
    return refusal
