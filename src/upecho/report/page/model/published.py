"""What a page shows of claims that others have published, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass

from upecho.measure.statistics.ratios import Ratio
from upecho.net.address import Family


@dataclass(frozen=True)
class Nearest:
    """The measurement that is nearest to a published claim: two servers, A and B, under one load.

    Attributes:
        run: Name of the results file.
        a: Target that the claim is about.
        b: Target that it is compared with.
        family: Socket family.
        python: Version of the Python that ran both.
        rate: Requests per second of A to those of B.
        cpu: CPU time per request of B to that of A; None if the system does not report it.
        has_interval: Whether the intervals of both ratios may be shown.
        note: What restricts the measurement; empty if nothing does.
        summary: The conditions in a few words.
        conditions: The conditions by name, such as the load and the machine.
    """

    run: str
    a: str
    b: str
    family: Family
    python: str
    rate: Ratio
    cpu: Ratio | None
    has_interval: bool
    note: str
    summary: str
    conditions: Mapping[str, str]


@dataclass(frozen=True)
class PublishedClaim:
    """A published ratio, beside what was measured.

    Attributes:
        claim: What is compared, as *A to B*, and under which load.
        published: The published ratio, as text, since some are ranges.
        figures: The figures in the source that the ratio comes from.
        conditions: The conditions of the claim, in a few words.
        comparable: How near they are to those of a measurement by upecho: ``yes``, ``in part`` or ``no``.
        remark: What differs, or why nothing is comparable; a full sentence.
        nearest: The nearest measurement; None if there is none.
        missing: Why there is none, in a few words; empty if there is one.
    """

    claim: str
    published: str
    figures: str
    conditions: str
    comparable: str
    remark: str
    nearest: Nearest | None
    missing: str


@dataclass(frozen=True)
class PublishedSource:
    """A source of published ratios.

    Attributes:
        id: Identifier that is unique on the page.
        title: Short name.
        address: Address of the source on the web.
        date: Date of the figures, in words.
        conditions: The conditions that its claims share, by name.
        claims: The ratios.
    """

    id: str
    title: str
    address: str
    date: str
    conditions: Mapping[str, str]
    claims: tuple[PublishedClaim, ...]
