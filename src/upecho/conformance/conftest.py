"""What each check gets, where it is due, and how its outcome becomes a verdict."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from upecho.address import Family
from upecho.conformance.levels import Check
from upecho.conformance.place import Place
from upecho.conformance.selection import chosen, is_due
from upecho.conformance.service import Service
from upecho.conformance.verdicts import Outcome, Verdict
from upecho.conformance.violation import Story, Violation, explain, repeat_line
from upecho.errors import CallerError
from upecho.process import Supervisor
from upecho.target import Target

PROPERTY = "upecho"
CHOSEN = pytest.StashKey[list[tuple[Target, Family]]]()
FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Look at the targets before anything is started."""
    try:
        config.stash[CHOSEN] = chosen(config.getoption("--target"), config.getoption("--family"))
    except CallerError as error:
        raise pytest.UsageError(str(error)) from None
    if not config.stash[CHOSEN]:
        raise pytest.UsageError("say what to check, as in --target selectors or --target 127.0.0.1:9000")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each check for each target and family."""
    if "place" in metafunc.fixturenames:
        pairs = metafunc.config.stash[CHOSEN]
        ids = [f"{target.text}-{family.value}" for target, family in pairs]
        metafunc.parametrize("place", pairs, indirect=True, ids=ids, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the checks that are not due, or not asked for."""
    wanted = set(config.getoption("--check"))
    checks = {item: _check(item) for item in items}
    if unknown := wanted - {check.id for check in checks.values() if check}:
        raise pytest.UsageError(f"no check is called {', '.join(sorted(unknown))}")
    due = [item for item in items if (check := checks[item]) is None or _is_wanted(item, check, wanted)]
    config.hook.pytest_deselected(items=[item for item in items if item not in due])
    items[:] = due


def _is_wanted(item: pytest.Item, check: Check, wanted: set[str]) -> bool:
    target, family = _pair(item)
    return is_due(check, target, family) and (not wanted or check.id in wanted)


@pytest.fixture(scope="session")
def supervisor() -> Iterator[Supervisor]:
    """Answer for every process that the suite starts."""
    with Supervisor() as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
def place(supervisor: Supervisor, request: pytest.FixtureRequest) -> Iterator[Place]:
    """One target over one family."""
    target, family = request.param
    place = Place(target, family, supervisor)
    yield place
    place.discard_shared()


@pytest.fixture(autouse=True)
def _one_check(place: Place, request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a check has opened and started; after a failure the next one gets a server of its own."""
    place.begin_check()
    yield
    place.end_check(failed=request.node.stash.get(FAILED, False))


@pytest.fixture
def server(place: Place) -> Service:
    """Return the server that one check after another talks to."""
    return place.shared()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Turn what happened into a verdict, and a failure into a text that its author can act on."""
    report: pytest.TestReport = yield
    check = _check(item)
    verdict, violation = _judge(call)
    if check is None or (call.when != "call" and verdict is Verdict.PASSED):
        return report
    target, family = _pair(item)
    if violation is not None:
        item.stash[FAILED] = True
        place: Place = item.funcargs["place"]  # type: ignore[attr-defined]
        story = Story(place.log.lines(), place.stderr(), repeat_line(target, family, check))
        report.longrepr = explain(check, violation, story)
    outcome = Outcome(
        target=target.text,
        family=family.value,
        check=check.id,
        level=check.level.value,
        verdict=verdict,
        detail=report.longreprtext,
        seconds=round(call.duration, 4),
    )
    report.user_properties.append((PROPERTY, outcome.to_json()))
    return report


def _judge(call: pytest.CallInfo[None]) -> tuple[Verdict, Violation | None]:
    """Only a violation is held against the target; any other exception is the harness's own trouble."""
    raised = call.excinfo.value if call.excinfo else None
    if isinstance(raised, BaseExceptionGroup):  # how hypothesis reports what it could not make happen again
        raised = next((one for one in raised.exceptions if isinstance(one, Violation)), raised)
    if raised is None:
        return Verdict.PASSED, None
    if isinstance(raised, Violation):
        return Verdict.FAILED, raised
    return (Verdict.UNSUPPORTED if isinstance(raised, pytest.skip.Exception) else Verdict.ERROR), None


def _check(item: pytest.Item) -> Check | None:
    return Check.of(item.function) if isinstance(item, pytest.Function) else None


def _pair(item: pytest.Item) -> tuple[Target, Family]:
    pair: tuple[Target, Family] = item.callspec.params["place"]  # type: ignore[attr-defined]
    return pair
