"""What each check gets, where it is due, and how its outcome becomes a verdict."""

import signal
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from types import FrameType
from typing import Any

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from upecho.conformance.check import Check, Level
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Story, explain, repeat_line
from upecho.conformance.plugin import refuse
from upecho.conformance.run.judging import (
    as_declared,
    as_information,
    show_in_pytest,
    trouble,
    verdict_of,
    violation_in,
)
from upecho.conformance.run.known import Known
from upecho.conformance.run.known_files import load
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.conformance.run.selection import chosen, is_due
from upecho.net.address import Family
from upecho.processes import rlimits
from upecho.processes.interpreter import Interpreter
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

PROPERTY = "upecho"
ENOUGH_DESCRIPTORS = 4096
CHOSEN = pytest.StashKey[list[tuple[Target, Family]]]()
WRONG = pytest.StashKey[str]()
KNOWN = pytest.StashKey[Known]()
PYTHON = pytest.StashKey[Interpreter | None]()
INTERRUPTED = pytest.StashKey[bool]()
FAILED = pytest.StashKey[bool]()
DECLINED = pytest.StashKey[str]()
RECORDED = pytest.StashKey[tuple[float | str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Look at the targets before anything is started; where pytest collects already, an error here is a traceback."""
    rlimits.raise_limit(ENOUGH_DESCRIPTORS)
    _remember_interrupts(config)
    config.stash[CHOSEN] = []
    config.stash[WRONG] = "say what to check, as in --target selectors or --target 127.0.0.1:9000"
    try:
        config.stash[CHOSEN] = chosen(
            config.getoption("--target"), config.getoption("--family"), config.getoption("--max-clients")
        )
        config.stash[KNOWN] = load(config.getoption("--known"), [target for target, _ in config.stash[CHOSEN]])
        python = config.getoption("--server-python")
        config.stash[PYTHON] = Interpreter.probe(python) if python else None
    except CallerError as error:
        config.stash[WRONG] = str(error)
    else:
        if config.stash[CHOSEN]:
            del config.stash[WRONG]


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Let pytest not complain at its end about where an interrupt was lost."""
    if config.stash.get(INTERRUPTED, False):
        warnings.simplefilter("ignore", pytest.PytestUnraisableExceptionWarning)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each check for each target and family."""
    if "launcher" in metafunc.fixturenames:
        pairs = metafunc.config.stash[CHOSEN]
        ids = [f"{target.text}-{family.value}" for target, family in pairs]
        metafunc.parametrize("launcher", pairs, indirect=True, ids=ids, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse bad input; leave out the checks that are not due, or not asked for."""
    if wrong := config.stash.get(WRONG, "") or _unknown_check(config):
        refuse(config, wrong)
        items.clear()
        return
    wanted = set(config.getoption("--check"))
    checks = {item: _check(item) for item in items}
    due = [item for item in items if (check := checks[item]) is None or _is_wanted(item, check, wanted)]
    config.hook.pytest_deselected(items=[item for item in items if item not in due])
    items[:] = due


def _unknown_check(config: pytest.Config) -> str:
    """Return what is wrong with the ids of the checks that are asked for; nothing if nothing is."""
    from upecho.conformance.catalogue import catalogue  # noqa: PLC0415 (pytest has to be the first to import checks)

    known = [check.id for check in catalogue()]
    wrong = [name for name in config.getoption("--check") if name not in known]
    return unknown_name("check", wrong[0], known) if wrong else ""


def _is_wanted(item: pytest.Item, check: Check, wanted: set[str]) -> bool:
    target, family = _pair(item)
    return is_due(check, target, family) and (not wanted or check.id in wanted)


@pytest.fixture(scope="session")
def supervisor() -> Iterator[Supervisor]:
    """Answer for every process that the suite starts."""
    with Supervisor() as supervisor:
        set_hypothesis_home_dir(
            supervisor.directory / "hypothesis"
        )  # it keeps files, and would in the current directory
        yield supervisor
        set_hypothesis_home_dir(None)


@pytest.fixture(scope="session")
def launcher(supervisor: Supervisor, request: pytest.FixtureRequest) -> Iterator[Launcher]:
    """One target over one family."""
    target, family = request.param
    launcher = Launcher(target, family, supervisor, request.config.stash[PYTHON])
    yield launcher
    launcher.discard_shared()


@pytest.fixture(autouse=True)
def _one_check(launcher: Launcher, request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a check has opened and started; after a failure the next one gets a server of its own.

    What a target declares not to do is left out, unless it turns out that it does it after all.
    """
    check = _check(request.node)
    assert check
    launcher.begin_check(check)
    try:
        if declined := launcher.unsupported_reason(check):
            request.node.stash[DECLINED] = declined
            if not launcher.works_anyway(check):
                pytest.skip(declined)
        yield
    finally:
        launcher.end_check(failed=request.node.stash.get(FAILED, False))


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[float | str, str], None]:
    """Return what a check calls with a value and its unit, to have it recorded beside the verdict."""

    def record(value: float | str, unit: str) -> None:
        request.node.stash[RECORDED] = (value, unit)

    return record


@pytest.fixture
def server(launcher: Launcher) -> Server:
    """Return the server that one check after another talks to."""
    return launcher.shared_server()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Turn what happened into a verdict, and a failure into a text that its author can act on.

    After an interrupt nothing counts: neither what it broke, nor what went on because it was lost on its way.
    """
    if item.config.stash[INTERRUPTED]:
        raise KeyboardInterrupt
    report: pytest.TestReport = yield
    check = _check(item)
    raised = violation_in(call)
    if check is None or (call.when != "call" and call.excinfo is None):
        return report
    target, family = _pair(item)
    if raised is not None:
        item.stash[FAILED] = True
        launcher: Launcher = item.funcargs["launcher"]  # type: ignore[attr-defined]
        raised = launcher.explained(raised)
        story = Story(launcher.log.lines(), launcher.stderr(), repeat_line(target, family, check))
        report.longrepr = explain(check, raised, story)
    verdict = verdict_of(call, raised)
    outcome = Outcome(
        target=target.text,
        family=family.value,
        check=check.id,
        level=check.level.value,
        verdict=verdict,
        detail=trouble(call) if verdict is Verdict.ERROR else report.longreprtext,
        seconds=round(call.duration, 4),
        recorded=item.stash.get(RECORDED, None),
        expected=raised.expected if raised else "",
        seen=raised.seen if raised else "",
    )
    if declined := item.stash.get(DECLINED, None):
        outcome = as_declared(outcome, declined)
    if check.level is Level.INFO:
        outcome = as_information(outcome, raised)
    known = item.config.stash[KNOWN]
    outcome = known.marked(outcome)
    for properties in (report.user_properties, item.user_properties):  # a JUnit file has those of the last report
        properties.append((PROPERTY, outcome.to_json()))
    complaint = "\n".join(known.complaints([outcome]))
    show_in_pytest(report, outcome, complaint, strict=item.config.getoption("--strict-should"))
    return report


def _check(item: pytest.Item) -> Check | None:
    return Check.of(item.function) if isinstance(item, pytest.Function) else None


def _pair(item: pytest.Item) -> tuple[Target, Family]:
    pair: tuple[Target, Family] = item.callspec.params["launcher"]  # type: ignore[attr-defined]
    return pair


def _remember_interrupts(config: pytest.Config) -> None:
    """Note each SIGINT: what it raises is lost where Python ignores exceptions, as in a callback of its collector."""
    config.stash[INTERRUPTED] = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        config.stash[INTERRUPTED] = True
        signal.default_int_handler(number, frame)

    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
        config.add_cleanup(_forget_interrupts)


def _forget_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
