"""The columns that users can choose for the tables of a run, in place of those that a scenario has by itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from upecho.measure.statistics.quantities import QUANTITIES, SYSTEM_CALLS, Quantity
from upecho.measure.statistics.summary import Figures, Spread, Summary
from upecho.processes.linux.system_calls import Method
from upecho.report.benchmark.lines import BOUND
from upecho.report.figures import three_digits
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

NONE = "-"
SMALL = 0.1  # below this, two decimals say too little about a number per request
SPLIT = "the mean; the kernel splits the CPU time according to the mode that it observes at each clock tick"


@dataclass(frozen=True)
class Column:
    """A column of figures.

    Attributes:
        name: What users write.
        title: Its head.
        meaning: What it shows, for the footer.
        text: Returns its text for the figures of a server.
    """

    name: str
    title: str
    meaning: str
    text: Callable[[Figures], str]


HEADS = {  # of those quantities whose name and unit would not do; each with what the footer adds to its label
    "cpu": ("CPU µs/req", ""),
    "p999": ("p99.9 µs", ""),
    "memory": ("peak MiB", ""),
    "user": ("user µs/req", SPLIT),
    "system": ("system µs/req", SPLIT),
    "switches": ("switches/req", "a thread waits; unknown where threads or processes ended during the load"),
    "involuntary": ("involuntary/req", "a thread loses its processor; unknown where the voluntary ones are"),
    "syscalls": ("calls/req", "counted in a further load of each trial, because counting slows down the server"),
}


def _of(quantity: Quantity) -> Column:
    head, more = HEADS.get(quantity.name, (f"{quantity.name} {quantity.unit}".rstrip(), ""))
    meaning = f"{head}: {quantity.label}" + (f"; {more}" if more else "")

    def text(figures: Figures) -> str:
        spread = figures.spreads.get(quantity.name)
        return number(spread.median / quantity.unit_size) if spread else NONE

    return Column(quantity.name, head, meaning, text)


def number(value: float) -> str:
    """Return a number with three digits, or with three decimals if it is small: ``12.3``, ``0.004``, ``0``."""
    return f"{value:.3f}" if 0 < value < SMALL else three_digits(value)


def _rate(figures: Figures) -> str:
    return f"{BOUND} " * figures.saturated + three_digits(figures.rate.median)


def _connection(figures: Figures) -> str:
    found: Spread | None = figures.connection_bytes
    return three_digits(found.median / 1024) if found else NONE


RATE = Column("rate", "requests/s", "requests/s: verified replies per second", _rate)
COLUMNS = {
    one.name: one
    for one in (
        *map(_of, QUANTITIES),
        RATE,
        Column("connection", "KiB/conn", "KiB/conn: memory of the server for each connection", _connection),
    )
}


def named(names: Sequence[str]) -> list[Column]:
    """Return the columns of these names, each once.

    Raises:
        CallerError: There is no such column, or no name at all.
    """
    for name in names:
        if name not in COLUMNS:
            raise CallerError(unknown_name("column", name, list(COLUMNS)))
    return [COLUMNS[name] for name in dict.fromkeys(names)]


def meanings(summary: Summary, columns: Sequence[Column]) -> Iterator[str]:
    """Yield what columns show, and which of them a run knows nothing about."""
    figures = [row.figures for row in summary.rows if row.figures]
    for one in columns:
        if any(one.text(found) != NONE for found in figures):
            yield one.meaning + (_how_counted(summary) if one.name == SYSTEM_CALLS.name else "")
        elif figures:
            hint = "; upecho bench counts them with --columns syscalls" if one.name == SYSTEM_CALLS.name else ""
            yield f"{one.title}: this run does not tell{hint}"


def _how_counted(summary: Summary) -> str:
    is_traced = summary.results.window.system_calls is Method.STRACE
    return ", with strace, and therefore without futex(2)" if is_traced else ""
