"""The output that the pages show is what the commands print."""

from pathlib import Path

import pytest

from upecho.conformance.catalogue import by_id
from upecho.serving import inventory

TARGETS = Path("docs/reference/targets.md").read_text()
GUIDE = Path("docs/guides/check-your-server.md").read_text()


@pytest.mark.parametrize(
    "entry", [*inventory.implementations(), *inventory.loops(), *inventory.families()], ids=lambda entry: entry.name
)
def test_page_lists_every_name_with_its_summary(entry: inventory.Entry) -> None:
    lines = [line for line in TARGETS.splitlines() if line.startswith(f"  {entry.name} ")]
    assert any(entry.summary in line or "unavailable" in line for line in lines)


def test_guide_shows_the_current_requirement_of_a_failed_check() -> None:
    shown = GUIDE[GUIDE.index("FAILED  coalesced-messages") :]
    requirement = shown[shown.index("MUST") + len("MUST") : shown.index("source")]
    assert " ".join(requirement.split()) == by_id()["coalesced-messages"].requirement
