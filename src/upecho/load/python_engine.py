"""The portable load engine: one thread, non-blocking sockets and a readiness loop."""

import resource
import selectors
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import ExitStack

from upecho.load import saturation
from upecho.load.connection import READ, WRITE, Broken, Connection
from upecho.load.engine import Meter, Readings
from upecho.load.latency import Latency
from upecho.load.opening import connected
from upecho.load.payload import Payload
from upecho.load.plan import SLICE_NS, Failure, LoadResult, Plan
from upecho.net.address import Address
from upecho.support.errors import Unavailable

NAME = "python"


def run(address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
    """Put a load on a server, as ``engine.Engine`` describes: a closed loop with one request per connection in flight.

    Args:
        address: Address of the server.
        plan: The load, without schedule, churn, pipelining and threads.
        meter: Reads what the server has used; called immediately before and after the load.

    Raises:
        AddressError: The address cannot be resolved.
        Unavailable: This system does not support the address family, or this engine does not support the plan.
        HarnessError: This system refuses the sockets that the load needs.
    """
    if plan.rate or plan.churn or plan.depth > 1 or plan.threads > 1:
        hint = "the native engine does"
        raise Unavailable("the Python load engine does not support schedules, churn, pipelining or threads", hint=hint)
    with ExitStack() as clean_up:
        return _Run(address, plan, clean_up).result(meter)


class _Run:
    """One run, from opening the connections to shutting them down."""

    def __init__(self, address: Address, plan: Plan, clean_up: ExitStack) -> None:
        self._plan = plan
        self._limit = plan.max_requests or sys.maxsize
        self._clean_up = clean_up
        self._deadline = time.monotonic() + plan.deadline_seconds
        self._version, self._name = address.resolve()
        self._payload = Payload.of(plan.message_size, plan.seed)
        self._selector = clean_up.enter_context(selectors.DefaultSelector())
        self._connections: dict[Connection, None] = {}  # in the order of opening
        self._waiting: set[Connection] = set()  # connections with a request in flight
        self._errors: Counter[Failure] = Counter()
        self._latencies_ns = array("Q")
        self._slices: Counter[int] = Counter()
        self._started_ns = self._stop_ns = self._finished_ns = 0

    def result(self, meter: Meter | None) -> LoadResult:
        """Carry out the plan and return the result."""
        readings = Readings(meter, (_own_switches, saturation.busy_ns, time.process_time_ns))
        self._open()
        readings.take()
        if not self._errors:
            self._load()
        readings.take()
        elapsed_ns = max(self._finished_ns - self._started_ns, 0)
        self._end()
        spent = readings.spent()
        switches, busy_ns, cpu_ns = spent.own
        return LoadResult(
            engine=NAME,
            requests=len(self._latencies_ns),
            payload_bytes=len(self._latencies_ns) * self._plan.message_size,
            elapsed_ns=elapsed_ns,
            engine_cpu_ns=cpu_ns,
            server=spent.server,
            saturated=saturation.is_saturated(busy_ns, elapsed_ns),
            latency=Latency.of(self._latencies_ns),
            errors=dict(self._errors),
            slices=tuple(self._slices[number] for number in range(max(self._slices, default=-1) + 1)),
            engine_switches=switches,
            stolen_ns=spent.stolen_ns,
        )

    def _open(self) -> None:
        """Open the connections one by one, with one exchange each, which shows that the server has accepted it."""
        wanted = self._plan.connections + self._plan.idle
        while len(self._connections) < wanted and not self._errors:
            self._exchange(self._connect(), self._stop_waiting)

    def _load(self) -> None:
        """Keep a request in flight on each connection until the time is over; then wait for the last replies."""
        self._started_ns = time.perf_counter_ns()
        self._stop_ns = self._started_ns + int(self._plan.duration_seconds * 1e9)
        loaded = list(self._connections)[: self._plan.connections]
        self._exchange(loaded, self._count, started_ns=self._started_ns)

    def _end(self) -> None:
        """Half-close each connection behind a last request; the reply must arrive, then FIN, and nothing else."""
        self._exchange(self._connections, self._stop_waiting, ending=True)

    def _connect(self) -> list[Connection]:
        try:
            sock = connected(self._version, self._name, max(0.001, self._deadline - time.monotonic()))
        except Broken as broken:
            self._errors[broken.failure] += 1
            return []
        connection = Connection(self._clean_up.enter_context(sock), self._payload, self._selector)
        self._connections[connection] = None
        return [connection]

    def _exchange(
        self,
        connections: Collection[Connection],
        completed: Callable[[Connection], None],
        *,
        started_ns: int = 0,
        ending: bool = False,
    ) -> None:
        """Send a request on each connection, and receive until no connection is waited for.

        Args:
            connections: Connections to send on.
            completed: Called for each complete reply; it stops waiting for the connection, or sends again.
            started_ns: Time from which the latencies of these requests count, the same for all, because the system may
                let others run while they are sent.
            ending: Whether the requests are the last ones.
        """
        self._waiting = set(connections)
        for connection in list(connections):
            try:
                connection.begin(started_ns, ending=ending)
            except Broken as broken:
                self._drop(connection, broken.failure)
        while self._waiting:
            self._wait_once(completed)

    def _wait_once(self, completed: Callable[[Connection], None]) -> None:
        """Wait for events, handle them, and drop all connections at the deadline."""
        remaining = self._deadline - time.monotonic()
        ready = self._selector.select(max(0.0, remaining))
        if not ready or remaining <= 0:
            for late in list(self._waiting):
                self._drop(late, Failure.TIMED_OUT)
            return
        for key, events in ready:
            connection: Connection = key.data
            try:
                if events & WRITE:
                    connection.proceed()
                if events & READ and connection.receive():
                    completed(connection)
            except Broken as broken:
                self._drop(connection, broken.failure)

    def _stop_waiting(self, connection: Connection) -> None:
        self._waiting.discard(connection)

    def _count(self, connection: Connection) -> None:
        """Count a reply, and send the next request unless the load is over."""
        now_ns = self._finished_ns = time.perf_counter_ns()
        self._latencies_ns.append(now_ns - connection.started_ns)
        self._slices[(now_ns - self._started_ns) // SLICE_NS] += 1
        if now_ns < self._stop_ns and len(self._latencies_ns) < self._limit:
            connection.begin(now_ns)
        else:
            self._waiting.discard(connection)

    def _drop(self, connection: Connection, failure: Failure) -> None:
        self._errors[failure] += 1
        self._waiting.discard(connection)
        del self._connections[connection]
        self._selector.unregister(connection.sock)
        connection.sock.close()


def _own_switches() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
