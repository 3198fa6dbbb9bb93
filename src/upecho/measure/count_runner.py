"""Counts the instructions of servers: the difference between two lockstep loads of fresh servers.

Theory of operation
    A load of one connection with one request in flight makes a server do the same for every request, whatever else the
    machine does. Two servers with the same memory layout (``upecho.processes.layout``) take loads of different length.
    Their difference is what the additional requests cost: the start, the first requests, during which CPython adapts
    its code, and the end cancel. Each round has another layout.

    A rehearsal comes first: the same server starts, answers and stops without being counted. CPython compiles a module
    that it has never loaded, and keeps the result for the next process. Otherwise the first of the two servers would
    compile, the second would not, and the difference would be false.

    What goes wrong while a server is counted may be a limit of the counter, such as a system call that Valgrind does
    not know. So the same server is then measured in the usual way, and only what it does wrong there is held against
    it. Otherwise it counts as unsupported by the counter.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from upecho.load.engine_process import EngineProcess
from upecho.load.plan import Job, LoadResult, Plan
from upecho.measure.cores import Cores
from upecho.measure.loaded_server import new_address
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.settings import Counting, RunSettings, Window
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Count, Trial
from upecho.processes.counting.callgrind import Uncountable
from upecho.processes.counting.counter import Count as InstructionCount
from upecho.processes.counting.counter import counter
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import StartFailure, start_server
from upecho.processes.supervisor import Supervisor
from upecho.support import timeouts
from upecho.support.text import printable

LOAD_SECONDS = 10.0  # for five thousand requests, of which a server answers thousands in a second


class Reading(NamedTuple):
    """What one server has shown.

    Attributes:
        load: Result of the load engine.
        instructions: Number of instructions that the server executed from its start to its end.
    """

    load: LoadResult
    instructions: int


class CountRunner:
    """Runs one trial after another; each of them starts two fresh servers."""

    def __init__(self, supervisor: Supervisor, cores: Cores, window: Window, counting: Counting) -> None:
        """Start the load engine.

        Args:
            supervisor: Supervisor of the engine and of all servers.
            cores: Processor cores for the engine and for the servers when a server is measured in the usual way.
            window: The load engine, the seed of the payload and of the layouts, and how a server is loaded then.
            counting: How to count.

        Raises:
            Unavailable: The counter does not work here.
        """
        self._supervisor = supervisor
        self._window = window
        self._counting = counting
        self._counter = counter(counting.counter)
        self._engine = EngineProcess(supervisor)
        self._usual = TrialRunner(supervisor, cores, window)
        self._rehearsed: set[PlannedCell] = set()

    def measure(self, planned: PlannedCell, round_number: int) -> Trial:
        """Run one trial.

        Raises:
            CallerError: The server rejected its settings.
            HarnessError: The load engine, the counter or the machine failed.
        """
        self._rehearse(planned)
        try:
            with timeouts.stretched(self._counter.slowdown):
                short, long, *repeated = self._readings(planned, round_number)
        except (Uncountable, StartFailure) as failure:
            return self._explained(planned, round_number, failure)
        count = Count(
            instructions=long.instructions - short.instructions,
            requests=long.load.requests - short.load.requests,
            repeated=repeated[0].instructions - short.instructions if repeated else None,
        )
        return Trial(planned.cell, round_number, long.load, count=count)

    def _rehearse(self, planned: PlannedCell) -> None:
        """Let a server compile what it loads, unless that was done; what goes wrong shows again when it is counted."""
        if planned not in self._rehearsed:
            self._rehearsed.add(planned)
            with contextlib.suppress(Uncountable, StartFailure):
                self._served(planned, self._counting.requests[0])

    def _readings(self, planned: PlannedCell, round_number: int) -> Iterator[Reading]:
        """Yield a reading for each load; the longer one is repeated in the first round."""
        layout = self._window.layout(round_number)
        lengths = self._counting.requests
        for requests in lengths if round_number > 1 else (*lengths, lengths[-1]):
            yield self._reading(planned, requests, layout=layout)

    def _reading(self, planned: PlannedCell, requests: int, *, layout: int) -> Reading:
        """Count what a fresh server executes for a number of requests.

        Raises:
            Uncountable: Something is missing.
            StartFailure: The server did not become ready.
        """
        with self._counter.count(self._supervisor.directory) as count:
            load = self._served(planned, requests, count=count, layout=layout)
            return Reading(load, count.total())

    def _served(
        self, planned: PlannedCell, requests: int, *, count: InstructionCount | None = None, layout: int | None = None
    ) -> LoadResult:
        """Start a server, let it answer a number of requests, and stop it; it is counted if there is a count.

        Raises:
            Uncountable: Requests failed, or it did not stop.
            StartFailure: It did not become ready.
        """
        launch = Launch(
            planned.target,
            new_address(self._supervisor, planned),
            interpreter=planned.interpreter,
            prefix=count.prefix if count else (),
            layout=layout,
        )
        with start_server(self._supervisor, launch) as server:
            if count:
                count.attach(server)
            load = self._load(planned, server, requests)
            _expect_stop(server)
        return load

    def _load(self, planned: PlannedCell, server: ServerProcess, requests: int) -> LoadResult:
        seconds = timeouts.scaled(LOAD_SECONDS)
        plan = Plan(
            connections=planned.scenario.connections,
            message_size=planned.scenario.message_size,
            duration_seconds=seconds,
            deadline_seconds=seconds,
            seed=self._window.seed,
            max_requests=requests,
        )
        load = self._engine.run(Job(str(server.address), plan, engine=self._window.engine))
        if load.errors or load.requests != requests:
            failures = [kind.counted(number) for kind, number in load.errors.items()]
            raise Uncountable(", ".join(failures) or f"{load.requests} of {requests} requests were answered")
        return load

    def _explained(self, planned: PlannedCell, round_number: int, failure: Exception) -> Trial:
        """Measure a server in the usual way that could not be counted; the trial says whose fault that is."""
        usual = self._usual.measure(planned, round_number)
        if usual.findings:
            return usual
        reason = failure.detail if isinstance(failure, StartFailure) else str(failure)
        void = Void(VoidReason.UNCOUNTABLE, f"by {self._counter.name}: {printable(reason)}")
        return replace(usual, load=None, void=void, disturbances=())


def _expect_stop(server: ServerProcess) -> None:
    """Stop a server; a process that is killed leaves no count."""
    if server.stop() is None:
        raise Uncountable("it did not stop when told to")


Runner = TrialRunner | CountRunner


def trial_runner(supervisor: Supervisor, settings: RunSettings) -> Runner:
    """Return what runs the trials of a run.

    Args:
        supervisor: Supervisor of the load engine and of all servers.
        settings: How the run is made.

    Raises:
        Unavailable: Instructions cannot be counted here.
    """
    if settings.counting:
        return CountRunner(supervisor, settings.cores, settings.window, settings.counting)
    return TrialRunner(supervisor, settings.cores, settings.window)
