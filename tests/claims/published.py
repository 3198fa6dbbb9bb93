"""The published claims in ``reports/claims.toml``, and the loads that they need, as data."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upecho.measure.plan.scenario_files import read_scenarios
from upecho.measure.plan.scenarios import SCENARIOS, Scenario
from upecho.net.address import Family
from upecho.support import toml_file
from upecho.support.decoding import build

REPORTS = Path(__file__).parents[2] / "reports"
CLAIMS = REPORTS / "claims.toml"
LOADS = (REPORTS / "claims-scenarios.toml", REPORTS / "claims-io-uring.toml")


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


def publications(path: Path = CLAIMS) -> tuple[Publication, ...]:
    """Read the claims.

    Raises:
        CallerError: The file cannot be read or is not TOML.
        ValueError: A field is missing, unknown or of the wrong type.
    """
    return tuple(build(Publication, _complete(table)) for table in toml_file.read(path).values())


def _complete(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a publication in which each claim has the key ``measure``, because TOML cannot express None."""
    return {**table, "claims": [{"measure": None} | claim for claim in table.get("claims", [])]}


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios that claims can name."""
    of_claims = (scenario for path in LOADS for scenario in read_scenarios(path))
    return {scenario.name: scenario for scenario in (*SCENARIOS, *of_claims)}
