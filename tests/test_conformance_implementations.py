"""Every implementation passes every check over every family that this system has."""

import importlib.util

import pytest

from upecho.address import Family
from upecho.conformance.catalogue import catalogue
from upecho.conformance.runner import Runner
from upecho.conformance.selection import is_due
from upecho.conformance.verdicts import Verdict
from upecho.registry import BUILT_IN
from upecho.target import Target

NAMES = [row.name for row in BUILT_IN if not row.naive]
WITH_UVLOOP = [f"{name}+uvloop" for name in NAMES if name.startswith("asyncio")]
needs_uvloop = pytest.mark.skipif(not importlib.util.find_spec("uvloop"), reason="uvloop is not installed")


@pytest.mark.parametrize("family", [family for family in Family if family.is_available()], ids=lambda one: one.value)
@pytest.mark.parametrize("name", [*NAMES, *(pytest.param(name, marks=needs_uvloop) for name in WITH_UVLOOP)])
def test_it_passes(name: str, family: Family) -> None:
    target = Target.parse(name)
    outcomes = list(Runner([(target, family)]).outcomes())
    assert [one.check for one in outcomes] == [check.id for check in catalogue() if is_due(check, target, family)]
    assert [one.detail for one in outcomes if one.verdict is not Verdict.PASSED] == []
