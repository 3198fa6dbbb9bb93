"""The master of a load from several machines: gathers workers, gives them their parts, and collects their results."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from upecho.distributed.bridge import Event
from upecho.distributed.messages import (
    Done,
    Failed,
    Hello,
    Message,
    Order,
    Refused,
    Result,
    Welcome,
    decoded,
    hello_of,
    obstacle,
)
from upecho.distributed.run import DistributedRun, Part
from upecho.distributed.silence import SILENCE_SECONDS, WakingClock
from upecho.load import histogram
from upecho.load.engine_process import SLACK_SECONDS
from upecho.load.plan import Job, LoadResult, Plan
from upecho.support import timeouts
from upecho.support.errors import HarnessError
from upecho.support.text import plural

ENGINE = "native"
TICK_SECONDS = 0.5  # between two looks at what causes no event
TRANSFER_SECONDS = 10.0  # for an order and a result on the network, after the limits of the engine itself


class Network(Protocol):
    """What a master needs to talk to its workers; ``Bridge`` is what it gets."""

    def receive(self, timeout: float) -> Event | None:
        """Return the next event; None if none comes within as many seconds."""
        ...

    def send(self, message: Message, client: str = "") -> None:
        """Send a message to a worker."""
        ...

    def dismiss(self, client: str) -> None:
        """End a worker that does not belong here."""
        ...


@dataclass
class Member:
    """A worker that takes part.

    Attributes:
        hello: Its introduction.
        heard: When it was last heard of, in seconds of the master's waking clock.
        load: Its result, once it has arrived.
        arrived_ns: When it arrived, in nanoseconds of the monotonic clock.
        failure: Why it cannot deliver one, if it says so.
    """

    hello: Hello
    heard: float
    load: LoadResult | None = None
    arrived_ns: int = 0
    failure: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it has delivered its result or failed."""
        return self.load is not None or bool(self.failure)


class Master:
    """Divides one load among workers."""

    def __init__(
        self,
        network: Network,
        *,
        count: int,
        say: Callable[[str], None] = lambda line: None,  # noqa: ARG005
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to gather workers.

        Args:
            network: What connects the master with its workers.
            count: Number of workers that take part.
            say: Called with each line about a worker that comes, is refused or is lost.
            watch: Called now and then; raises an error if it is pointless to wait.
        """
        self._network = network
        self._count = count
        self._say = say
        self._watch = watch
        self._members: dict[str, Member] = {}
        self._refused: set[str] = set()
        self._clock = WakingClock()
        self._deadline = 0.0
        self._sent_ns = 0

    def gather(self, seconds: float) -> None:
        """Wait until enough workers have come.

        Args:
            seconds: Longest time to wait.

        Raises:
            HarnessError: Too few have come in time.
        """
        self._deadline = time.monotonic() + seconds
        while len(self._members) < self._count:
            self._watch()
            self._listen()
            self._forget_silent()
            if len(self._members) < self._count and time.monotonic() >= self._deadline:
                here = f"{len(self._members)} of {plural(self._count, 'worker')} came within {seconds:.3g} s"
                raise HarnessError(here, hint="start upecho locust --worker on each machine")

    def load(self, address: str, plan: Plan) -> None:
        """Put the load on the server, and wait for the result of each worker that is not lost.

        Args:
            address: Address of the server, which each worker resolves.
            plan: The whole load, with at least one connection for each worker.
        """
        self._deadline = time.monotonic() + plan.deadline_seconds + timeouts.scaled(SLACK_SECONDS + TRANSFER_SECONDS)
        self._sent_ns = time.monotonic_ns()
        for client, part in zip(self._members, divided(plan, self._count), strict=True):
            self._network.send(Order(Job(address, part, engine=ENGINE)), client)
        while self._is_worth_waiting():
            self._listen()

    def run(self, address: str, plan: Plan) -> DistributedRun:
        """Return what the workers have measured so far; the arguments are those of ``load``."""
        pairs = zip(self._members.values(), divided(plan, self._count), strict=True)
        return DistributedRun.of(address, plan, tuple(self._part(*pair) for pair in pairs))

    def _is_worth_waiting(self) -> bool:
        """Whether a result may still come. A silent worker may speak again while others are still at work."""
        if time.monotonic() >= self._deadline:
            return False
        return any(not one.has_ended and not self._is_silent(one) for one in self._members.values())

    def _is_silent(self, member: Member) -> bool:
        return self._clock.now() - member.heard > timeouts.scaled(SILENCE_SECONDS)

    def _part(self, member: Member, plan: Plan) -> Part:
        arrived_ns = member.arrived_ns - self._sent_ns if member.load else 0
        return Part(member.hello, plan, member.load, arrived_ns, lost="" if member.load else self._why_lost(member))

    def _why_lost(self, member: Member) -> str:
        if member.failure:
            return member.failure
        if self._is_silent(member):
            return f"not heard of for {timeouts.scaled(SILENCE_SECONDS):.3g} s"
        return "no result has come"

    def _listen(self) -> None:
        """Wait for an event, and handle it with all others that have come, so that nobody looks silent who is not."""
        event = self._network.receive(min(TICK_SECONDS, max(0.0, self._deadline - time.monotonic())))
        while event:
            self._handle(event)
            event = self._network.receive(0)

    def _handle(self, event: Event) -> None:
        if member := self._members.get(event.client):
            member.heard = self._clock.now()
            if event.kind == "message":
                self._hear(event.client, member, event.data)
        elif event.kind == "report" and event.client not in self._refused:
            self._meet(event.client, event.data)

    def _meet(self, client: str, introduction: Any) -> None:
        """Welcome a worker or refuse it."""
        reason = obstacle(introduction, ENGINE)
        if not reason and len(self._members) == self._count:
            reason = f"is not needed, as the {plural(self._count, 'worker')} of this load have come"
        if reason:
            self._refuse(client, introduction, reason)
            return
        hello = hello_of(introduction)
        self._members[client] = Member(hello, self._clock.now())
        self._network.send(Welcome(max(0.0, self._deadline - time.monotonic())), client)
        self._say(f"worker {hello.name} has come ({len(self._members)} of {self._count})")

    def _refuse(self, client: str, introduction: Any, reason: str) -> None:
        self._refused.add(client)
        self._say(f"worker {client} is refused: it {reason}")
        if introduction is None:
            self._network.dismiss(client)
        else:
            self._network.send(Refused(reason), client)

    def _hear(self, client: str, member: Member, data: Any) -> None:
        """Take the first result, or the failure, of a worker; whatever it sends after that is ignored."""
        if member.has_ended:
            return
        try:
            message = decoded(data)
            if isinstance(message, Result):
                member.load = consistent(message.load)
                member.arrived_ns = time.monotonic_ns()
        except ValueError as error:
            member.failure = f"its message makes no sense: {error}"
        else:
            member.failure = message.reason if isinstance(message, Failed) else ""
        if member.has_ended:
            self._network.send(Done(), client)

    def _forget_silent(self) -> None:
        """Make room for others if a worker disappears or fails before the load begins."""
        for client, member in list(self._members.items()):
            if member.failure or self._is_silent(member):
                del self._members[client]
                self._refused.add(client)
                self._say(f"worker {member.hello.name} is lost: {self._why_lost(member)}")


def divided(plan: Plan, count: int) -> list[Plan]:
    """Divide connections and rate of a load as evenly as possible; each part has a seed of its own."""
    fewest, more = divmod(plan.connections, count)
    return [
        replace(
            plan,
            connections=fewest + (number < more),
            rate=plan.rate / count if plan.rate else None,
            seed=plan.seed + number,
        )
        for number in range(count)
    ]


def consistent(load: LoadResult) -> LoadResult:
    """Return a result whose parts agree with each other.

    Raises:
        ValueError: Its histogram does not count as many requests as the result does, or was made by another engine.
    """
    counted = histogram.decoded(load.latency.histogram).total()
    if counted != load.requests or load.engine != ENGINE:
        raise ValueError(f"{load.requests} requests, but {counted} latencies of the engine {load.engine}")
    return load
