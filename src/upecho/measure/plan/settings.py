"""How the trials of a run are made and when the run stops: plain data."""

from dataclasses import dataclass, field

from upecho.measure.cores import Cores
from upecho.measure.plan.ab_test import ABTest
from upecho.measure.plan.cells import Reference
from upecho.processes.linux.system_calls import Method
from upecho.support.decoding import ADDED_LATER

LAYOUTS_PER_SEED = 1 << 16  # more than there are rounds


@dataclass(frozen=True)
class Window:
    """How a server is loaded in one trial.

    Attributes:
        warm_up_seconds: Duration of the warm-up, in seconds. Its connections are closed before the window, because
            asyncio is several times slower until the first connection has ended.
        seconds: Duration of the window that counts, in seconds.
        seed: Seed for the cell order and the payload.
        engine: Name of the load engine.
        system_calls: How system calls are counted, in a load of their own after the window; null if they are not.
    """

    warm_up_seconds: float
    seconds: float
    seed: int
    engine: str
    system_calls: Method | None = field(default=None, metadata={ADDED_LATER: True})

    def layout(self, round_number: int) -> int:
        """Return the memory layout of all servers of a round, counted from 1; each round has another one."""
        return self.seed * LAYOUTS_PER_SEED + round_number


@dataclass(frozen=True)
class Limits:
    """When a run stops.

    Attributes:
        rounds: Maximum number of rounds.
        budget_seconds: Maximum duration of all rounds, in seconds. No round is started that would exceed it if it took
            as long as the round before.
        min_rounds: Number of rounds before the precision is considered.
        precision: Half width of the 95% interval, as a share of the ratio, at which the cells of a group need no
            further round; 0 disables this.
        copies: Whether one cell of each group is measured twice in every round.
    """

    rounds: int
    budget_seconds: float
    min_rounds: int = 1
    precision: float = 0.0
    copies: bool = False


@dataclass(frozen=True)
class Counting:
    """How the instructions of servers are counted.

    Attributes:
        counter: Name of the counter.
        tool: What counted, with its version.
        requests: Numbers of requests of the two loads, each on a fresh server, whose difference counts. What a server
            executes for its start, its first requests and its end cancels.
    """

    counter: str
    tool: str
    requests: tuple[int, ...]


@dataclass(frozen=True)
class RunSettings:
    """How a run is made.

    Attributes:
        window: How each server is loaded in a trial.
        limits: When the run stops.
        checked: Whether conformance was checked first.
        quickly_checked: Whether the checks that take long were left out.
        even_if_failing: Whether to measure targets that fail a check.
        reference: What the ratios are relative to.
        cores: Processor cores of the load engine and of the servers.
        max_clients: Number of clients that targets serve at the same time which do not declare it; None for no limit.
        counting: How instructions are counted; None if the run measures time.
        ab_test: What an A/B test asks; None for any other run.
    """

    window: Window
    limits: Limits
    checked: bool = False
    quickly_checked: bool = False
    even_if_failing: bool = False
    reference: Reference = field(default_factory=Reference)
    cores: Cores = field(default_factory=Cores.divided)
    max_clients: int | None = None
    counting: Counting | None = None
    ab_test: ABTest | None = None
