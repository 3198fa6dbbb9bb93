"""One block: a fresh server process, warmed up, loaded for one window. The unit of statistics."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

from upecho import deadlines, observe
from upecho.errors import TargetError
from upecho.load.engine_process import EngineProcess
from upecho.load.plan import Job, LoadResult, Plan
from upecho.measure.cells import Cell
from upecho.measure.cores import Cores
from upecho.process import Supervisor
from upecho.server_process import ServerProcess, start_server
from upecho.serving import Order
from upecho.settings import Settings

END_SECONDS = 0.2
DEADLINE_SECONDS = 5.0  # beyond the window, for a server that does not answer any more


@dataclass(frozen=True)
class Window:
    """How long a server is loaded in one block.

    Attributes:
        warm_up_seconds: before it counts. The connections of the warm-up are closed again: asyncio is several
            times slower until the first connection has ended.
        seconds: that count.
        seed: of what is sent.
    """

    warm_up_seconds: float
    seconds: float
    seed: int


@dataclass(frozen=True)
class Block:
    """What one block gave.

    Attributes:
        target: as the user named it.
        family: by name.
        scenario: by name.
        round: counted from 1.
        load: what the engine saw in the window; None where it did not come to that.
        failure: why this is no measurement; empty if it is one.
    """

    target: str
    family: str
    scenario: str
    round: int
    load: LoadResult | None
    failure: str = ""

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """Build one from what ``dataclasses.asdict`` made of it, also after a journey through JSON."""
        return cls(**fields | {"load": fields["load"] and LoadResult.from_fields(fields["load"])})


class Bench:
    """Measures block after block: one load engine for all, a fresh server for each."""

    def __init__(self, supervisor: Supervisor, cores: Cores, window: Window) -> None:
        self._supervisor = supervisor
        self._cores = cores
        self._window = window
        self._engine = EngineProcess(supervisor, cores.engine)

    def measure(self, cell: Cell, round_number: int) -> Block:
        """Measure one block.

        Raises:
            CallerError: the server refused its order.
            HarnessError: the load engine, or the machine, failed.
        """
        load = None
        try:
            order = Order(cell.target, self._supervisor.new_address(cell.family), Settings())
            server = start_server(self._supervisor, order, self._cores.servers)
            with closing(server.child):
                load = self._load(cell, server)
                failure = _failure(load, server)
        except TargetError as error:
            failure = str(error)
        return Block(cell.target, cell.family.value, cell.scenario.name, round_number, load, failure)

    def _load(self, cell: Cell, server: ServerProcess) -> LoadResult:
        warmed_up = self._run(cell, server, self._window.warm_up_seconds)
        return warmed_up if warmed_up.errors else self._run(cell, server, self._window.seconds)

    def _run(self, cell: Cell, server: ServerProcess, seconds: float) -> LoadResult:
        plan = Plan(
            connections=cell.scenario.connections,
            message_size=cell.scenario.message_size,
            duration_seconds=seconds,
            deadline_seconds=seconds + deadlines.seconds(DEADLINE_SECONDS),
            seed=self._window.seed,
        )
        group = server.child.pid if observe.AVAILABLE else None
        return self._engine.run(Job(str(server.address), plan, group))


def _failure(load: LoadResult, server: ServerProcess) -> str:
    """Say what was wrong: failed requests, or a server that ended or complained."""
    findings = [f"{count} {kind}" for kind, count in load.errors.items()]
    if not load.errors and not load.requests:
        findings.append("no request was answered")
    # The end of a process is seen on its connections a moment earlier than on itself.
    status = server.child.wait(END_SECONDS if load.errors else 0)
    if status is not None:
        findings.append(f"ended with status {status}")
    if said := server.child.stderr().strip().splitlines():
        findings.append(f"wrote to stderr: {said[-1]}")
    return ", ".join(findings)
