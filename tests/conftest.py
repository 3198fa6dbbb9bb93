"""Fixtures that several test modules share."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.built_in import CORRECT
from upecho import cli
from upecho.conformance.run import runner
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import forking_supervisor, start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.settings import Settings
from upecho.serving.target import Target

DEADLINE_SECONDS = 60.0  # a busy machine takes 20 s to start pytest
COMMAND_SECONDS = 200.0  # a comparison begins with the conformance suite, and many tests share the machine

# The servers, the suite on each of them, and a test or more of each command run on every Python. The other parts that
# meet the interpreter are marked "ends": what a Python breaks there shows on the oldest or on the newest one. The rest
# runs on one Python, and so does a test in these directories that is marked "once".
ROOT = Path(__file__).parents[1]
EVERY_PYTHON = (
    "tests/conformance/checks/",
    "tests/servers/",
    "tests/serving/",
    "tests/cli/test_serve.py",
    "tests/cli/test_list.py::test_pipe_gets_one_plain_line_per_name",
    "tests/cli/test_check.py::test_correct_server_passes",
    "tests/cli/test_check.py::test_wrong_server_fails",
    "tests/cli/test_bench.py::test_two_targets_over_two_families",
    "tests/cli/bench/test_ab.py::test_two_targets_are_compared_saved_and_shown",
    "tests/cli/test_compare.py::test_command_runs_in_its_own_process",
    "tests/cli/test_export.py::test_command_runs_in_its_own_process",
    "tests/cli/test_report.py::test_text_is_printed",
)
BOTH_ENDS = (
    "tests/conformance/test_pytest_citizenship.py",
    "tests/load/",
    "tests/net/",
    "tests/processes/",
    "tests/support/",
    "tests/cli/test_main.py",
    "tests/cli/test_send.py",
)
# Coverage takes 0.07 s of CPU time for each child process. Those of these tests run no line that others do not.
CHILDREN_UNMEASURED = ("tests/cli/", "tests/measure/", "tests/report/")
SHORT_TESTS_BETWEEN_LONG_ONES = 0.7  # share of those that a worker runs before its last long one
SELECTED = {"not once": EVERY_PYTHON + BOTH_ENDS, "not once and not ends": EVERY_PYTHON}  # by the option -m

# The same examples in each run, however slow the machine is.
settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import modules of which no test is wanted: on a new checkout, pytest has to rewrite each of them."""
    path = collection_path.relative_to(ROOT).as_posix() + ("/" if collection_path.is_dir() else "")
    selected = SELECTED.get(config.getoption("markexpr"), ("",))
    may_run = path.startswith(selected) or any(prefix.startswith(path) for prefix in selected)
    return None if may_run else True


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark tests by the Pythons that they run on, before pytest selects by marks; then order them."""
    for item in items:
        if item.nodeid.startswith(BOTH_ENDS):
            item.add_marker(pytest.mark.ends)
        elif not item.nodeid.startswith(EVERY_PYTHON):
            item.add_marker(pytest.mark.once)
    yield
    items[:] = long_early(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def long_early(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return tests in an order in which no worker of pytest-xdist ends with one that takes long.

    Each worker begins with a part of the list (--dist worksteal). If one of them ended with a long test, the others
    would wait for it. And if all ran long tests at the same time, which wait for most of it, so would the processor.
    """
    long = [item for item in items if item.get_closest_marker("long")][::-1]  # the longest ones are the last
    others = iter([item for item in items if not item.get_closest_marker("long")])
    ordered: list[pytest.Item] = []
    for number in range(workers):
        size = (len(items) - len(ordered)) // (workers - number)
        own = long[number::workers]
        rest = max(0, size - len(own))
        between = int(rest * SHORT_TESTS_BETWEEN_LONG_ONES) // max(1, len(own))
        for item in own:
            ordered += [item, *itertools.islice(others, between)]
        ordered += itertools.islice(others, rest - between * len(own))
    return [*ordered, *others]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Variables that the developer has set must not influence a test."""
    prefixes: tuple[str, ...] = ("UPECHO_", "PYTHONUNBUFFERED")
    if request.node.nodeid.startswith(CHILDREN_UNMEASURED):
        prefixes += ("COVERAGE_PROCESS_",)
    for name in [name for name in os.environ if name.startswith(prefixes)]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture(autouse=True)
def usual_signals() -> None:
    """Reset signals, since a child inherits which are ignored or blocked from the shell or from another test."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for Unix sockets, unlike that of tmp_path."""
    with tempfile.TemporaryDirectory(prefix="up-") as name:
        yield Path(name)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as one:
        yield one


@pytest.fixture(scope="session")
def quick_supervisor() -> Iterator[Supervisor]:
    """A supervisor whose guardian has loaded the built-in servers, so that it need not do so for each test."""
    with forking_supervisor(map(Target.implementation, CORRECT)) as one:
        yield one


@pytest.fixture(scope="session")
def suite_supervisor() -> Iterator[Supervisor]:
    """A supervisor whose guardian has loaded the suite."""
    with Supervisor(runner.MODULE) as one:
        yield one


@pytest.fixture
def quick_runner(suite_supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runners share a guardian, so that it need not load the suite for each test."""
    monkeypatch.setattr(runner, "Supervisor", lambda _: contextlib.nullcontext(suite_supervisor))


@pytest.fixture
def start(quick_supervisor: Supervisor) -> Iterator[Callable[..., ServerProcess]]:
    """Start a server in a child process: ``start("threads", grace=0.1)``."""
    with contextlib.ExitStack() as started:

        def start(target: str, address: str = "127.0.0.1:0", **settings: Any) -> ServerProcess:
            launch = Launch(Target.implementation(target), address, Settings(**settings))
            return started.enter_context(start_server(quick_supervisor, launch))

        yield start


@pytest.fixture
def module(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Write a module to the current directory and return its ``serve`` as a target: ``module("mine", code)``."""

    def module(name: str, code: str) -> str:
        (directory / f"{name}.py").write_text(code)
        monkeypatch.chdir(directory)
        return f"{name}:serve"

    return module


@pytest.fixture
def upecho() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run the command line in a child process."""

    def upecho(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        options = {"capture_output": True, "text": True, "timeout": COMMAND_SECONDS} | options
        return subprocess.run([sys.executable, "-m", "upecho", *arguments], check=False, **options)

    return upecho


@pytest.fixture
def upecho_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; return its exit status, stdout and stderr, which a failure shows too."""

    def upecho_here(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["upecho", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, int)
        out, err = capsys.readouterr()
        shown = f"exit status {end.value.code}\n{out}{err}"
        request.node.add_report_section("call", " ".join(sys.argv), shown)
        return end.value.code, out, err

    return upecho_here


@pytest.fixture
def refusal(upecho_here: Callable[..., tuple[int, str, str]]) -> Callable[..., str]:
    """Run the command line in this process, expect status 2 and one line on stderr, and return that line."""

    def refusal(*arguments: str) -> str:
        status, out, err = upecho_here(*arguments)
        assert (status, out) == (2, "")
        line = err.removeprefix("upecho: ")
        assert (len(err) - len(line), line.count("\n")) == (len("upecho: "), 1)
        return line.rstrip("\n")

    return refusal


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds whose change causes no event."""

    def eventually(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the condition never became true"
            time.sleep(0.005)

    return eventually
