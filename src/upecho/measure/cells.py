"""What is measured: a target over a family under a scenario, warm or cold, under some Python."""

from dataclasses import dataclass
from typing import NamedTuple

from upecho.net.address import Family

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Scenario:
    """A named load: a closed loop, or a schedule.

    Attributes:
        name: what users call it.
        connections: how many clients at once.
        message_size: bytes in each request.
        depth: requests that each client has in flight at once.
        idle: further clients, which say nothing.
        churn: each request has a connection of its own.
        share: of the rate at which the server answers in a closed loop, which is measured first; at so many requests
            per second they are sent by a schedule that does not wait for replies. None for a closed loop.
        curve: the name of several such loads that differ in their share; empty for a load that stands alone.
    """

    name: str
    connections: int
    message_size: int
    depth: int = 1
    idle: int = 0
    churn: bool = False
    share: float | None = None
    curve: str = ""

    @property
    def title(self) -> str:
        """What users ask for it by."""
        return self.curve or self.name

    @property
    def summary(self) -> str:
        """The load in a few words."""
        words = [
            f"{self.connections} connection{'s' if self.connections > 1 else ''}",
            f"{_size(self.message_size)} messages",
        ]
        if self.depth > 1:
            words.append(f"{self.depth} in flight on each")
        if self.idle:
            words.append(f"{self.idle} more that are silent")
        if self.churn:
            words.append("a new one for each message")
        if self.share is not None:
            words.append("by a schedule, at a share of what each server can do")
        return ", ".join(words)

    @property
    def demands(self) -> str:
        """What it needs that not every load engine does; empty if there is no such thing."""
        if self.share is not None:
            return "schedule"
        return "churn" if self.churn else "pipelining" if self.depth > 1 else ""


def curve(name: str, connections: int, message_size: int, shares: tuple[int, ...]) -> tuple[Scenario, ...]:
    """Return a load at several shares, in percent, of what a server can do: how latency grows with load."""
    return tuple(
        Scenario(f"{name}-{percent}", connections, message_size, share=percent / 100, curve=name) for percent in shares
    )


def _size(count: int) -> str:
    return f"{count // MIB} MiB" if count >= MIB else f"{count // KIB} KiB" if count >= KIB else f"{count} B"


USUAL = (
    Scenario("latency", 1, 64),
    Scenario("throughput", 64, KIB),
    Scenario("bulk", 4, MIB),
)
SCENARIOS = (
    *USUAL,
    Scenario("pipelining", 8, 64, depth=16),
    Scenario("churn", 16, 64, churn=True),
    Scenario("idle", 16, 64, idle=1000),
    Scenario("idle-10000", 16, 64, idle=10_000),
    *curve("open-loop", 64, KIB, (10, 30, 50, 70, 90)),
)
ALL = "all"  # stands for every one of them
SUMMARIES = {scenario.title: scenario.summary for scenario in SCENARIOS}  # by what users ask for


BASELINE = "native"  # the server whose cost is that of the machine, as near as can be had


class Name(NamedTuple):
    """A cell by the names of its parts, as they stand in results.

    Attributes:
        target: as the user named it.
        family: by name.
        scenario: by name.
        cold: no connection has ended before the load.
        python: the version of the server's interpreter; empty for that of the harness.
    """

    target: str
    family: str
    scenario: str
    cold: bool = False
    python: str = ""

    @property
    def group(self) -> tuple[str, str]:
        """Scenario and family: cells that share these are compared."""
        return self.scenario, self.family

    @property
    def label(self) -> str:
        """What tells it from the others of its group."""
        return " ".join(filter(None, (self.target, self.python, "cold" if self.cold else "")))

    @property
    def is_baseline(self) -> bool:
        """Whether the others of its group are compared with it."""
        return (self.target, self.cold, self.python) == (BASELINE, False, "")


@dataclass(frozen=True)
class Cell:
    """A target over a family under a scenario.

    Attributes:
        target: as the user named it.
        family: over which it serves.
        scenario: the load.
        cold: without the warm-up, whose connections end before the load.
        python: the version of the server's interpreter; empty for that of the harness.
    """

    target: str
    family: Family
    scenario: Scenario
    cold: bool = False
    python: str = ""

    def __str__(self) -> str:
        return f"{self.scenario.name}-{self.family.value}-{self.name.label.replace(' ', '-')}"

    @property
    def name(self) -> Name:
        """The cell by names."""
        return Name(self.target, self.family.value, self.scenario.name, self.cold, self.python)

    def unsupported(self, max_clients: int | None) -> str:
        """Say why a target that serves so many clients at once has no such cell; empty if it has."""
        if max_clients is None or max_clients >= self.scenario.connections + self.scenario.idle:
            return ""
        return f"serves {max_clients} at once"
