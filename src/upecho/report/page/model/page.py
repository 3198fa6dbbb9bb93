"""What a page shows, as plain data: times in microseconds, memory in KiB, rates in requests per second.

A renderer takes this and nothing else. Whatever a page states is a field here, so that tests can assert on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.summary import Spread
from upecho.net.address import Family
from upecho.report.page.model.changes import PageChanges
from upecho.report.page.model.conformance import Conformance
from upecho.report.page.model.published import PublishedSource


@dataclass(frozen=True)
class Server:
    """A server of a run, and what readers select it by.

    Attributes:
        label: What distinguishes it from the other servers of its table.
        target: The target as the user named it.
        model: Name of its implementation.
        loop: Event loop that it runs on; empty if it runs on none, or on that of a framework.
        framework: Framework that it is written for; empty if it is written for none.
        python: Version of the interpreter that ran it.
        cold: Whether it was measured without a warm-up.
    """

    label: str
    target: str
    model: str
    loop: str
    framework: str
    python: str
    cold: bool = False


@dataclass(frozen=True)
class Measured:
    """A line of a table: a server with its figures.

    Attributes:
        server: The server.
        trials: Number of trials.
        group: Number of its group, from 1: members of a group cannot be told apart from the first of it.
        cost: CPU time per request relative to the reference of the table.
        speed: Requests per second relative to the reference.
        has_interval: Whether the trials suffice for the intervals of both ratios; otherwise these must not be shown.
        cpu_us: CPU time per request in microseconds; None if the system does not report it.
        rate: Requests per second.
        p50_us: Median round-trip time in microseconds.
        p99_us: 99th percentile of the round-trip time in microseconds.
        p999_us: 99.9th percentile of the round-trip time in microseconds.
        connection_kib: Memory per connection in KiB; None if the system does not report it.
        saturated: Whether the load engine was the bottleneck, so that the rate is a lower bound.
        failed_checks: Ids of the conformance checks that it fails.
        percentiles: Percentiles of the round-trip time over all trials, each with its value in microseconds.
        is_reference: Whether the ratios of the table are relative to it.
        causes: What a request made the server do, by the names of the quantities: times in microseconds, and numbers of
            context switches and system calls.
    """

    server: Server
    trials: int
    group: int
    cost: Ratio
    speed: Ratio
    has_interval: bool
    cpu_us: Spread | None
    rate: Spread
    p50_us: Spread
    p99_us: Spread
    p999_us: Spread
    connection_kib: Spread | None
    saturated: bool
    failed_checks: tuple[str, ...]
    percentiles: tuple[tuple[float, float], ...]
    is_reference: bool
    causes: Mapping[str, Spread] = field(default_factory=dict)


@dataclass(frozen=True)
class Absent:
    """A server that was to be measured, and why it has no figures.

    Attributes:
        server: The server.
        reason: Short reason.
        failed: Whether the reason is something that the server did wrong.
    """

    server: Server
    reason: str
    failed: bool


@dataclass(frozen=True)
class Table:
    """The servers of one scenario over one family, in one run.

    Attributes:
        family: Socket family.
        reference: What the ratios are relative to.
        cost_floor: How far the cost of a server seems to differ from itself (A/A), as a share; None if unknown.
        speed_floor: The same for requests per second.
        measured: Servers with figures, the cheapest first.
        absent: Servers without figures.
    """

    family: Family
    reference: str
    cost_floor: float | None
    speed_floor: float | None
    measured: tuple[Measured, ...]
    absent: tuple[Absent, ...]


@dataclass(frozen=True)
class Section:
    """One scenario of a run.

    Attributes:
        id: Identifier that is unique on the page.
        run: Name of the run; empty if the page shows only one.
        scenario: The load.
        tables: One table for each family.
        remarks: What the tables show, in sentences.
    """

    id: str
    run: str
    scenario: Scenario
    tables: tuple[Table, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class LoadPoint:
    """The latency of a server at one load.

    Attributes:
        share: Request rate as a share of the capacity of the server.
        rate: Requests per second.
        p50_us: Median latency in microseconds.
        p99_us: 99th percentile of the latency in microseconds.
        p999_us: 99.9th percentile of the latency in microseconds.
    """

    share: float
    rate: float
    p50_us: float
    p99_us: float
    p999_us: float


@dataclass(frozen=True)
class LoadCurve:
    """The latency of a server over load.

    Attributes:
        run: Name of the run; empty if the page shows only one.
        name: Name of the curve.
        family: Socket family.
        server: The server.
        points: One point for each load, the lowest first.
    """

    run: str
    name: str
    family: Family
    server: Server
    points: tuple[LoadPoint, ...]


@dataclass(frozen=True)
class SizeCurve:
    """The cost of a server over the size of the messages, all else being equal.

    Attributes:
        run: Name of the run; empty if the page shows only one.
        load: The load without the message size, in words.
        family: Socket family.
        server: The server.
        points: Message sizes in bytes, the smallest first, each with the CPU time per request in microseconds.
    """

    run: str
    load: str
    family: Family
    server: Server
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Comparison:
    """Two measurements of one server that differ in one respect, such as cold and warm.

    Attributes:
        run: Name of the run; empty if the page shows only one.
        where: Scenario, and family unless it is what differs.
        server: The server.
        what: What is compared, such as ``cold`` or ``unix``.
        base: What it is compared with, such as ``warm`` or ``inet``.
        ratio: Cost relative to the base.
        has_interval: Whether there are enough rounds for the interval of the ratio; otherwise it must not be shown.
        conclusion: Whether the difference is more than chance, in words.
    """

    run: str
    where: str
    server: Server
    what: str
    base: str
    ratio: Ratio
    has_interval: bool
    conclusion: str


@dataclass(frozen=True)
class Claim:
    """A statement that the data of the page proves, and the evidence.

    Attributes:
        subject: What the statement is about, in a few words.
        text: The statement.
        target: Identifier of the section that proves it.
        run: Name of the run that proves it; empty if the page shows only one, or if it follows from verdicts.
    """

    subject: str
    text: str
    target: str
    run: str = ""


@dataclass(frozen=True)
class Source:
    """A file that the page was made from, and how its content came about.

    Attributes:
        name: Name of the file.
        kind: What it contains.
        facts: Facts by name, such as the machine and the versions.
        command: Command that makes such a file again; empty if there is none.
        link: Address of the file relative to the page; empty if it is unknown.
    """

    name: str
    kind: str
    facts: Mapping[str, str]
    command: str
    link: str = ""


@dataclass(frozen=True)
class Page:
    """Everything that a page shows.

    Attributes:
        title: Title of the page.
        claims: What to use for what, the most important first.
        sections: One section for each scenario of each run, without those of latency curves.
        load_curves: Latency over load.
        size_curves: Cost over message size.
        crossings: Where the cheaper of two families changes with the message size, in sentences; for size ladders also
            where that is unknown, and which family is the cheaper one at every size.
        comparisons: What differs between families, between Pythons, and between cold and warm servers.
        cautions: What restricts the conclusions, such as a machine that was too busy.
        conformance: Verdicts; None if no file contains any.
        sources: The files.
        published: Claims that others have published, beside what was measured.
        changes: What changed since earlier runs; None if there is none to compare with.
    """

    title: str
    claims: tuple[Claim, ...]
    sections: tuple[Section, ...]
    load_curves: tuple[LoadCurve, ...]
    size_curves: tuple[SizeCurve, ...]
    crossings: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    cautions: tuple[str, ...]
    conformance: Conformance | None
    sources: tuple[Source, ...]
    published: tuple[PublishedSource, ...] = ()
    changes: PageChanges | None = None
