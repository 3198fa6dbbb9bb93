"""Scenarios: the named loads that servers are measured under."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from upecho.support.decoding import ADDED_LATER
from upecho.support.text import plural

KIB = 1024
MIB = 1024 * KIB
ALL = "all"  # what users write for every scenario


@dataclass(frozen=True)
class Scenario:
    """A named load: either a closed loop or an open-loop schedule.

    Attributes:
        name: Name of the scenario, unique within a run.
        connections: Number of connections that send requests.
        message_size: Size of each request, and of each reply, in bytes.
        depth: Number of requests in flight on each connection.
        idle: Number of further connections that stay open and send nothing.
        churn: Whether every request uses a new connection.
        share: Request rate of the schedule, as a share of the capacity that each server shows in a closed loop just
            before. The schedule does not wait for replies. Null for a closed loop.
        curve: Name of the latency curve that this scenario is one point of; empty if it stands alone.
        ladder: Name of the size ladder that this scenario is one step of; empty if it stands alone. The steps of a
            ladder differ in nothing but the message size.
    """

    name: str
    connections: int
    message_size: int
    depth: int = 1
    idle: int = 0
    churn: bool = False
    share: float | None = None
    curve: str = ""
    ladder: str = field(default="", metadata={ADDED_LATER: True})

    @property
    def title(self) -> str:
        """The name that users select the scenario by."""
        return self.curve or self.ladder or self.name

    @property
    def clients(self) -> int:
        """The number of connections that are open at the same time."""
        return self.connections + self.idle

    @property
    def summary(self) -> str:
        """A short description of the load."""
        connections, *others = self._words
        return ", ".join([connections, f"{size_text(self.message_size)} messages", *others])

    @property
    def summary_without_size(self) -> str:
        """A short description of everything but the size of the messages."""
        return ", ".join(self._words)

    @property
    def _words(self) -> list[str]:
        words = [plural(self.connections, "connection")]
        if self.depth > 1:
            words.append(f"{self.depth} in flight on each")
        if self.idle:
            words.append(f"{self.idle} more idle")
        if self.churn:
            words.append("a new one for each message")
        if self.share is not None:
            words.append("on a schedule, at a share of each server's capacity")
        return words

    @property
    def engine_feature(self) -> str:
        """The feature that a load engine needs for this load; empty if every engine can produce it."""
        if self.share is not None:
            return "schedules"
        return "churn" if self.churn else "pipelining" if self.depth > 1 else ""


def curve(name: str, connections: int, *, message_size: int, shares: tuple[int, ...]) -> tuple[Scenario, ...]:
    """Return the points of a latency curve: the same load at several shares of each server's capacity.

    Args:
        name: Name of the curve.
        connections: Number of connections.
        message_size: Size of each request, in bytes.
        shares: Request rates, in percent of the capacity.
    """
    return tuple(
        Scenario(f"{name}-{percent}", connections, message_size, share=percent / 100, curve=name) for percent in shares
    )


def size_ladder(name: str, connections: int, *, sizes: tuple[int, ...]) -> tuple[Scenario, ...]:
    """Return the steps of a size ladder: the same load with messages of several sizes.

    Args:
        name: Name of the ladder.
        connections: Number of connections.
        sizes: Message sizes in bytes, the smallest first.
    """
    return tuple(
        Scenario(f"{name}-{size_text(size).replace(' ', '')}", connections, size, ladder=name) for size in sizes
    )


def title_summary(scenarios: Sequence[Scenario]) -> str:
    """Return a short description of the scenarios that have one title."""
    first, last = scenarios[0], scenarios[-1]
    if first.message_size == last.message_size:
        return first.summary
    sizes = f"{size_text(first.message_size)} to {size_text(last.message_size)}"
    return f"{first.summary_without_size}, messages of {sizes}"


def size_text(count: int) -> str:
    """Return a number of bytes in the largest unit of which it is at least one."""
    return f"{count // MIB} MiB" if count >= MIB else f"{count // KIB} KiB" if count >= KIB else f"{count} B"


THROUGHPUT = Scenario("throughput", 64, KIB)
DEFAULT_SCENARIOS = (
    Scenario("latency", 1, 64),
    THROUGHPUT,
    Scenario("bulk", 4, MIB),
)
SCENARIOS = (
    *DEFAULT_SCENARIOS,
    Scenario("pipelining", 8, 64, depth=16),
    Scenario("churn", 16, 64, churn=True),
    Scenario("idle", 16, 64, idle=1000),
    Scenario("idle-10000", 16, 64, idle=10_000),
    *curve("open-loop", 64, message_size=KIB, shares=(10, 30, 50, 70, 90)),
    # With 16 connections, at most 16 MiB are in flight, so that even a slow server can answer all of it in time.
    *size_ladder("sizes", 16, sizes=(64, KIB, 10 * KIB, 100 * KIB, MIB)),
)
SUMMARIES = {  # keyed by what users select
    title: title_summary([one for one in SCENARIOS if one.title == title])
    for title in dict.fromkeys(scenario.title for scenario in SCENARIOS)
}
