"""The load that these programs put on servers: the scenario ``throughput``, after a warm-up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from upecho.load.engine_process import EngineProcess
from upecho.load.plan import Job, LoadResult, Plan
from upecho.measure.cores import Cores
from upecho.measure.plan.scenarios import SCENARIOS
from upecho.net.address import Address, Family
from upecho.processes.linux.scope import Scope
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

THROUGHPUT = next(scenario for scenario in SCENARIOS if scenario.name == "throughput")
WARM_UP_SECONDS = 0.1
TIMEOUT_SECONDS = 10.0


class Loads:
    """Starts servers, and puts loads on them.

    Attributes:
        supervisor: Supervisor of all processes.
        seconds: Duration of a load without its warm-up, in seconds.
        cores: Processor cores of the engine and of the servers.
        message_size: Size of each request, in bytes.
        connections: Number of connections.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        seconds: float,
        *,
        cores: Cores | None = None,
        message_size: int = THROUGHPUT.message_size,
        connections: int = THROUGHPUT.connections,
    ) -> None:
        self.supervisor = supervisor
        self.seconds = seconds
        self.cores = cores or Cores.divided()
        self.message_size = message_size
        self.connections = connections

    @contextmanager
    def serving(self, target: str, family: Family = Family.INET) -> Iterator[ServerProcess]:
        """Run a fresh server."""
        address = self.supervisor.new_address(family)
        launch = Launch(Target.implementation(target), address, cores=self.cores.servers)
        with start_server(self.supervisor, launch) as server:
            yield server

    def on(
        self, target: str, *, engine: str = "native", family: Family = Family.INET, may_poll: bool = True
    ) -> LoadResult:
        """Put a load on a fresh server."""
        with self.serving(target, family) as server:
            return self.put(server.address, server.child.tree, engine=engine, may_poll=may_poll)

    def put(self, address: Address, tree: int, *, engine: str = "native", may_poll: bool = True) -> LoadResult:
        """Put a load on a server; exit if the load fails.

        Args:
            address: Address of the server.
            tree: Process whose descendants are the server, whose CPU time is measured.
            engine: Name of the load engine.
            may_poll: Whether the engine may busy-poll before it sleeps.
        """
        client = EngineProcess(self.supervisor, self.cores.engine, may_poll=may_poll)
        for seconds in (WARM_UP_SECONDS, self.seconds):
            plan = Plan(
                connections=self.connections,
                message_size=self.message_size,
                duration_seconds=seconds,
                deadline_seconds=seconds + TIMEOUT_SECONDS,
            )
            load = client.run(Job(str(address), plan, scope=Scope((tree,)), engine=engine))
        client.close()
        if load.errors:
            sys.exit(f"the load failed: {load.errors}")
        return load
