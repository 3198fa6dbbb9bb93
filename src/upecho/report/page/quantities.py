"""The quantities that a page shows of each server: columns of its tables, and what its charts know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.summary import Spread
from upecho.report.page.model.page import Measured, Section


@dataclass(frozen=True)
class Quantity:
    """A quantity that is known for each server.

    Attributes:
        key: Its name in the data of the charts.
        title: Head of its column, with the unit.
        of: Returns its values over the trials of a server; None if they are unknown.
        is_bound: Returns whether the value of a server is a lower bound.
        is_due: Returns whether it says something about a scenario.
    """

    key: str
    title: str
    of: Callable[[Measured], Spread | None]
    is_bound: Callable[[Measured], bool] = lambda _: False
    is_due: Callable[[Scenario], bool] = lambda _: True


QUANTITIES = (
    Quantity("cpu", "CPU µs/request", lambda one: one.cpu_us),
    Quantity("rate", "requests/s", lambda one: one.rate, is_bound=lambda one: one.saturated),
    Quantity("p50", "p50 µs", lambda one: one.p50_us),
    Quantity("p99", "p99 µs", lambda one: one.p99_us),
    Quantity("p999", "p99.9 µs", lambda one: one.p999_us),
    Quantity("memory", "KiB/connection", lambda one: one.connection_kib, is_due=lambda scenario: bool(scenario.idle)),
)


def shown(section: Section) -> Sequence[Quantity]:
    """Return the quantities that the tables of a section show: those that are due and known for any server."""
    servers = [one for table in section.tables for one in table.measured]
    return [one for one in QUANTITIES if one.is_due(section.scenario) and any(map(one.of, servers))]
