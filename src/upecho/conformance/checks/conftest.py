"""Provides the fixtures of the checks, selects the checks that are due, and turns their results into verdicts."""

import inspect
import signal
import threading
import warnings
from collections.abc import Generator, Iterator
from types import FrameType
from typing import Any

import pytest

from upecho.conformance.check import Check, Level
from upecho.conformance.findings import Record, Recorded
from upecho.conformance.harness.ended_server import blaming_ended_server
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.standstill import Standstills, standstill
from upecho.conformance.harness.starting import Starter
from upecho.conformance.harness.violation import Violation
from upecho.conformance.plugin import refuse
from upecho.conformance.run.options import Options
from upecho.conformance.run.selection import Pair, is_due
from upecho.conformance.run.verdicts.explaining import as_text
from upecho.conformance.run.verdicts.judging import (
    as_declared,
    as_information,
    blaming_process_limit,
    explained,
    show_in_pytest,
    unsupported_in,
    verdict_of,
    violation_in,
)
from upecho.conformance.run.verdicts.outcome import PROPERTY, Outcome, Verdict
from upecho.processes import rlimits
from upecho.processes.starting import forking_supervisor
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import CallerError

DESCRIPTORS = 4096  # enough for the check with the most clients
ATTEMPTS = 3  # at a check during which this process did not run

BAD_INPUT = pytest.StashKey[str]()
OPTIONS = pytest.StashKey[Options]()
INTERRUPTED = pytest.StashKey[bool]()
FAILED = pytest.StashKey[bool]()
UNSUPPORTED = pytest.StashKey[str]()
RECORDED = pytest.StashKey[Recorded]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the options before anything is started.

    Bad input is reported after collection: when pytest loads this conftest during collection, an exception raised here
    would be shown as a traceback.
    """
    rlimits.raise_limit(DESCRIPTORS)
    _remember_interrupts(config)
    config.stash[OPTIONS] = Options()
    config.stash[BAD_INPUT] = ""
    try:
        config.stash[OPTIONS] = Options.read(config)
    except CallerError as error:
        config.stash[BAD_INPUT] = str(error)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Keep pytest from reporting, at its end, where the exception of an interrupt was ignored."""
    if config.stash.get(INTERRUPTED, False):
        warnings.simplefilter("ignore", pytest.PytestUnraisableExceptionWarning)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each check for each target and family."""
    if "launcher" in metafunc.fixturenames:
        pairs = metafunc.config.stash[OPTIONS].pairs
        ids = [f"{target.text}-{family}" for target, family in pairs]
        metafunc.parametrize("launcher", pairs, indirect=True, ids=ids, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse bad input; deselect the checks that are not due or not selected; sort the others."""
    if message := config.stash[BAD_INPUT]:
        refuse(config, message)
        items.clear()
        return
    due = [item for item in items if not _is_check(item) or ((check := _check(item)) and is_due(check, *_pair(item)))]
    config.hook.pytest_deselected(items=[item for item in items if item not in due])
    items[:] = sorted(due, key=_rank)


@pytest.fixture(scope="session")
def supervisor(pytestconfig: pytest.Config) -> Iterator[Supervisor]:
    """Own every process that the suite starts."""
    options = pytestconfig.stash[OPTIONS]
    with forking_supervisor((target for target, _ in options.pairs), parent=options.directory) as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
def launcher(supervisor: Supervisor, request: pytest.FixtureRequest) -> Iterator[Launcher]:
    """Start one target over one family as often as the checks need it."""
    target, family = request.param
    starter = Starter(target, family, supervisor, request.config.stash[OPTIONS].interpreter)
    standstills = Standstills()
    launcher = Launcher(starter, run_all=request.config.getoption("--upecho-all"), standstills=standstills)
    for item in request.session.items:
        if (check := _check(item)) and _pair(item) == request.param and launcher.may_run_in_background(check):
            launcher.background.start(check, item.function)  # type: ignore[attr-defined]
    yield launcher
    launcher.background.discard()
    launcher.discard_shared()
    standstills.close()


@pytest.fixture(autouse=True)
def _one_check(launcher: Launcher, request: pytest.FixtureRequest) -> Iterator[None]:
    """Release what a check has opened and started; after a failure, the next check gets a new server.

    A check that the target declares not to support is skipped, unless a quick attempt shows that it may well pass.
    """
    check = _check(request.node)
    assert check
    launcher.begin_check(check)
    try:
        if reason := launcher.declared.unsupported_reason(check):
            request.node.stash[UNSUPPORTED] = reason
            if not launcher.declared.works_anyway(check):
                pytest.skip(reason)
        with blaming_process_limit(), launcher.blaming_standstill():
            launcher.expect_worth_running()
        yield
    finally:
        launcher.end_check(failed=FAILED in request.node.stash)


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Return a function with which an INFO check records what it observed."""

    def record(recorded: Recorded) -> None:
        request.node.stash[RECORDED] = recorded

    return record


@pytest.fixture
def server(launcher: Launcher) -> Server:
    """Return the server that successive checks share."""
    return launcher.shared_server()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a check; begin it again if it shows nothing, because this process did not run for a while.

    Raises:
        HarnessError: It shows nothing each time.
    """
    check = _check(pyfuncitem)
    if check is None:
        return None
    launcher: Launcher = pyfuncitem.funcargs["launcher"]  # type: ignore[assignment]
    for attempt in range(ATTEMPTS):
        if attempt:
            launcher.begin_again()
        if _has_shown_something(pyfuncitem, launcher, check):
            return True
    raise standstill(launcher.standstill_seconds())


def _has_shown_something(item: pytest.Function, launcher: Launcher, check: Check) -> bool:
    """Run a check once, which passes only if the servers that it has used still answer.

    Returns:
        Whether it counts. A failure does not, nor does a recorded value, if this process did not run for a while.
    """
    try:
        with blaming_process_limit(), blaming_ended_server(launcher.servers):
            if not launcher.finish_background():
                item.obj(**{name: _argument(item, launcher, name) for name in inspect.signature(item.obj).parameters})
            launcher.expect_still_serving()
    except Violation:
        if launcher.standstill_seconds():
            return False
        raise
    return check.level is not Level.INFO or not launcher.standstill_seconds()


def _argument(item: pytest.Function, launcher: Launcher, name: str) -> object:
    """Return the value of a fixture; the shared server may be a new one since the fixture was set up."""
    return launcher.shared_server() if name == "server" else item.funcargs[name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Turn the end of a check into a verdict, and attach that to the report as a property.

    After an interrupt no result counts: neither what the interrupt broke, nor a check that went on because Python
    ignored the exception.
    """
    if item.config.stash[INTERRUPTED]:
        raise KeyboardInterrupt
    report: pytest.TestReport = yield
    check = _check(item)
    if check is None or (call.when != "call" and call.excinfo is None):
        return report
    if violation_in(call):
        item.stash[FAILED] = True  # the server is not used again
    known = item.config.stash[OPTIONS].known
    outcome = known.marked(_outcome(item, call, check))
    if outcome.verdict in (Verdict.FAILED, Verdict.NOT_RUN):
        report.longrepr = as_text(check, outcome)
    for properties in (report.user_properties, item.user_properties):  # a JUnit file has those of the last report
        properties.append((PROPERTY, outcome.to_json()))
    complaint = "\n".join(known.complaints([outcome]))
    show_in_pytest(report, outcome, complaint, strict=item.config.getoption("--upecho-strict"))
    return report


def _outcome(item: pytest.Item, call: pytest.CallInfo[None], check: Check) -> Outcome:
    launcher: Launcher | None = item.funcargs.get("launcher")  # type: ignore[attr-defined]
    target, family = _pair(item)
    outcome = Outcome(
        target=target.text,
        family=family,
        check=check.id,
        level=check.level,
        verdict=verdict_of(call),
        seconds=round(call.duration, 4),
        recorded=item.stash.get(RECORDED, None),
    )
    outcome = explained(outcome, call, launcher)
    if reason := item.stash.get(UNSUPPORTED, "") or unsupported_in(call):
        outcome = as_declared(outcome, reason)
    return as_information(outcome) if check.level is Level.INFO else outcome


def _rank(item: pytest.Item) -> tuple[int, int]:
    """Return the place of a test: by target and family, then by check; in a revision of the suite, later ones are last.

    The tests of a user's project that are not checks come first.
    """
    options, check = item.config.stash[OPTIONS], _check(item)
    return (options.pairs.index(_pair(item)), options.checks.index(check)) if check else (-1, -1)


def _is_check(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and Check.of(item.function) is not None


def _check(item: pytest.Item) -> Check | None:
    """Return the check that a test is, with its level in this run; None if it is no check, or not selected."""
    check = Check.of(item.function) if isinstance(item, pytest.Function) else None
    return item.config.stash[OPTIONS].selected(check) if check else None


def _pair(item: pytest.Item) -> Pair:
    pair: Pair = item.callspec.params["launcher"]  # type: ignore[attr-defined]
    return pair


def _remember_interrupts(config: pytest.Config) -> None:
    """Note each SIGINT: Python ignores the exception that it raises in places such as a garbage collector callback."""
    config.stash[INTERRUPTED] = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        config.stash[INTERRUPTED] = True
        signal.default_int_handler(number, frame)

    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
        config.add_cleanup(_restore_interrupts)


def _restore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
