"""What is measured: a target over a family under a scenario."""

from dataclasses import dataclass

from upecho.address import Family

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Scenario:
    """A named load.

    Attributes:
        name: what users call it.
        connections: how many clients at once.
        message_size: bytes in each request.
        summary: the load in a few words.
    """

    name: str
    connections: int
    message_size: int
    summary: str


SCENARIOS = (
    Scenario("latency", 1, 64, "1 connection, 64 B messages"),
    Scenario("throughput", 64, KIB, "64 connections, 1 KiB messages"),
    Scenario("bulk", 4, MIB, "4 connections, 1 MiB messages"),
)


@dataclass(frozen=True)
class Cell:
    """A target over a family under a scenario."""

    target: str
    family: Family
    scenario: Scenario

    def __str__(self) -> str:
        return f"{self.scenario.name}-{self.family.value}-{self.target}"

    def unsupported(self, max_clients: int | None) -> str:
        """Say why a target that serves so many clients at once has no such cell; empty if it has."""
        if max_clients is None or max_clients >= self.scenario.connections:
            return ""
        return f"serves {max_clients} at once"
