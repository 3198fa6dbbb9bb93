"""Published claims about event loops, as data, and the file that keeps them.

The file is TOML. Each of its tables is a publication, whose keys are the attributes of ``Publication``; its claims have
those of ``Claim``. A claim without ``measure`` has nothing comparable in upecho.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upecho.net.address import Family
from upecho.support import toml_file
from upecho.support.decoding import build
from upecho.support.errors import CallerError
from upecho.support.text import all_printable

KIND = "file of claims"
CONDITIONS = ("protocol", "client", "connections", "messages", "limit", "versions", "machine", "method")
TABLE = re.compile(rb"^\[\[?[\w.\"-]+\]\]?\s*(#.*)?$", re.MULTILINE)  # the header of a table in TOML
HEAD_BYTES = 1 << 16  # in which the first table of a file of claims begins
NO_TOML = (b"{", b"\x1f\x8b")  # how JSON and a compressed file begin
SCHEMES = ("https://", "http://")  # of addresses that are safe as a link


class Comparable(enum.StrEnum):
    """How near the conditions of a claim are to those of a measurement."""

    YES = "yes"
    IN_PART = "in part"
    NO = "no"


@dataclass(frozen=True)
class Pair:
    """The measurement that is nearest to a claim.

    Attributes:
        a: Target that the claim is about.
        b: Target that it is compared with.
        scenario: Name of the scenario.
        family: Socket family.
    """

    a: str
    b: str
    scenario: str
    family: Family


@dataclass(frozen=True)
class Claim:
    """One published ratio.

    Attributes:
        claim: What is compared, as *A to B*, and under which load.
        published: The published ratio, as text, since some are ranges.
        figures: The figures in the source that the ratio comes from.
        conditions: The conditions, in a few words.
        comparable: How near upecho can come to them.
        remark: What differs, or why upecho has nothing similar; a full sentence.
        measure: What is measured; None if nothing is comparable.
    """

    claim: str
    published: str
    figures: str
    conditions: str
    comparable: Comparable
    remark: str
    measure: Pair | None


@dataclass(frozen=True)
class Publication:
    """A source with the conditions that are common to its claims.

    Attributes:
        title: Short name of the source.
        source: Address of the source, with a version where it has one.
        date: Date of the figures, or of the version that contains them.
        protocol: What client and server exchange, and through which interface of asyncio.
        client: What produces the load.
        connections: How many connections there are.
        messages: The size of the messages.
        limit: What limits the rate.
        versions: Versions of Python and of the packages.
        machine: Machine and system.
        method: Duration, repetitions, and what is published of them.
        claims: The ratios.
    """

    title: str
    source: str
    date: str
    protocol: str
    client: str
    connections: str
    messages: str
    limit: str
    versions: str
    machine: str
    method: str
    claims: tuple[Claim, ...]

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions that its claims share, by name."""
        return {name: getattr(self, name) for name in CONDITIONS}


def is_claims_file(path: Path) -> bool:
    """Whether a file is TOML by its look, as none of the other files that reports are made from is."""
    if not path.is_file():  # what a pipe contains can be read only once
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False
    return not head.lstrip().startswith(NO_TOML) and TABLE.search(head) is not None


def publications(path: Path) -> tuple[Publication, ...]:
    """Read a file of claims.

    Raises:
        CallerError: The file cannot be read, is not TOML, contains something else, or contradicts itself.
    """
    tables = all_printable(toml_file.read(path))
    if not any(isinstance(table, Mapping) and "claims" in table for table in tables.values()):
        raise CallerError("none of its tables has claims", subject=f"{path} is not a {KIND}")
    try:
        found = {name: build(Publication, _complete(table)) for name, table in tables.items()}
    except ValueError as error:
        raise CallerError(str(error), subject=f"{path}: invalid {KIND}") from None
    for name, publication in found.items():
        if contradiction := next(_contradictions(publication), ""):
            raise CallerError(f"{name}: {contradiction}", subject=f"{path}: invalid {KIND}")
    return tuple(found.values())


def _complete(table: Any) -> Any:
    """Return a publication in which each claim has the key ``measure``, because TOML cannot express None."""
    claims = table.get("claims") if isinstance(table, Mapping) else None
    if not isinstance(claims, list):
        return table
    return {**table, "claims": [{"measure": None} | one if isinstance(one, dict) else one for one in claims]}


def _contradictions(publication: Publication) -> Iterator[str]:
    if not publication.source.startswith(SCHEMES):
        yield f"the source is {publication.source!r}; it has to begin with {' or '.join(SCHEMES)}"
    for claim in publication.claims:
        if (claim.measure is None) != (claim.comparable is Comparable.NO):
            has = "no measure" if claim.measure is None else "a measure"
            yield f"the claim {claim.claim!r} has {has}, but comparable is {claim.comparable.value!r}"
