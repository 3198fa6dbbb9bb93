"""Correct servers of every legal shape fail no check.

Each is checked over one family, in turn; ``python -m tests.right.repeat`` checks all over each of theirs.
"""

import pytest

from tests.right.repeat import RIGHT, reason
from tests.right.servers import SERVERS, Right
from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.runner import Runner
from upecho.net.address import Family
from upecho.serving.target import Target

pytestmark = [pytest.mark.once, pytest.mark.unmeasured, pytest.mark.long, pytest.mark.usefixtures("quick_runner")]

PARAMETERS = [
    pytest.param(
        right, family, id=f"{right.name}-{family}", marks=pytest.mark.skipif(bool(right.missing), reason=right.missing)
    )
    for number, right in enumerate(SERVERS)
    for family in [right.families[number % len(right.families)]]
]


@pytest.mark.parametrize(("right", "family"), PARAMETERS)
def test_right_server_fails_nothing(right: Right, family: Family) -> None:
    outcomes = Runner([(Target.parse(right.target), family)], catalogue(), jobs=1).outcomes()
    accused = [f"{one.check} {one.verdict}: {reason(one)}" for one in outcomes if one.verdict not in RIGHT]
    assert accused == []
