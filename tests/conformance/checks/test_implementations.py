"""Every implementation of upecho passes every check over every family that is available here."""

import importlib.util
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.built_in import CORRECT, serves
from tests.frameworks import FRAMEWORK_PARAMETERS
from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.selection import is_due
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Family
from upecho.serving.target import Target

FAMILIES = [family for family in Family if family.is_available()]
MEASURED = ("selectors", "asyncio")  # the suite runs the same lines with every server
ONCE = [pytest.mark.once, pytest.mark.unmeasured]


def parameters(name: str, number: int) -> Iterator[Any]:
    """Yield the families of a server, TCP and Unix in turn; every third server has one with addresses of another form.

    A server is not affected by that form. Every Python checks a server over one family, which is another one for the
    next server, and one Python over the others.
    """
    served = [family for family in FAMILIES if serves(name, family)]
    similar = (Family.INET6, Family.ABSTRACT)
    usual = [family for family in served if family not in similar]
    others = [family for family in served if family in similar]
    for family in [*usual, *(others[number % 2 :][:1] if number % 3 == 0 else ())]:
        everywhere = [] if name in MEASURED else [pytest.mark.unmeasured]
        marks = everywhere if family is usual[number % len(usual)] else ONCE
        yield pytest.param(name, family, id=f"{name}-{family.value}", marks=marks)


PARAMETERS = [parameter for number, name in enumerate(CORRECT) for parameter in parameters(name, number)]
# Each of these over one family, and each family once, to limit the time.
ASYNCIO = [name for name in CORRECT if name.startswith("asyncio")]
ON_UVLOOP = list(zip(ASYNCIO, itertools.cycle(FAMILIES), strict=False))
ON_FRAMEWORKS = [
    pytest.param(*row.values, family, marks=row.marks, id=f"{row.values[0]}-{family.value}")
    for row, family in zip(FRAMEWORK_PARAMETERS, itertools.cycle(FAMILIES), strict=False)
]
pytestmark = [pytest.mark.long, pytest.mark.usefixtures("quick_runner")]
needs_uvloop = pytest.mark.skipif(not importlib.util.find_spec("uvloop"), reason="uvloop is not installed")


@pytest.mark.parametrize(("name", "family"), PARAMETERS)
def test_implementation_passes(name: str, family: Family) -> None:
    expect_no_failure(name, family)


@pytest.mark.once
@pytest.mark.unmeasured
@pytest.mark.parametrize(("name", "family"), ON_FRAMEWORKS)
def test_server_for_a_framework_passes(name: str, family: Family) -> None:
    expect_no_failure(name, family)


@needs_uvloop
@pytest.mark.ends
@pytest.mark.unmeasured
@pytest.mark.parametrize(("name", "family"), ON_UVLOOP)
def test_implementation_passes_on_uvloop(name: str, family: Family) -> None:
    expect_no_failure(f"{name}+uvloop", family)


def expect_no_failure(name: str, family: Family) -> None:
    target = Target.parse(name)
    outcomes = list(Runner([(target, family)], catalogue(), jobs=1).outcomes())
    assert [one.check for one in outcomes] == [check.id for check in catalogue() if is_due(check, target, family)]
    bad = [one for one in outcomes if one.verdict in (Verdict.FAILED, Verdict.NOT_RUN, Verdict.ERROR)]
    assert not bad, "\n".join(one.to_json() for one in bad)
    unsupported = [one for one in outcomes if one.verdict is Verdict.UNSUPPORTED]
    assert not unsupported or target.max_clients, [one.unsupported for one in unsupported]
    assert not any(one.works_anyway for one in unsupported)
