"""The published claims in ``reports/claims.toml``, and the loads that they need."""

from pathlib import Path

from upecho.measure.plan.scenario_files import read_scenarios
from upecho.measure.plan.scenarios import SCENARIOS, Scenario
from upecho.report.published import claims
from upecho.report.published.claims import Publication

REPORTS = Path(__file__).parents[2] / "reports"
CLAIMS = REPORTS / "claims.toml"
LOADS = (REPORTS / "claims-scenarios.toml", REPORTS / "claims-io-uring.toml")


def publications() -> tuple[Publication, ...]:
    """Read the claims."""
    return claims.publications(CLAIMS)


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios that claims can name."""
    of_claims = (scenario for path in LOADS for scenario in read_scenarios(path))
    return {scenario.name: scenario for scenario in (*SCENARIOS, *of_claims)}
