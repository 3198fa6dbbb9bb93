"""Every command that README.md and the documentation show is run, or is listed here with the reason why it is not."""

import dataclasses
import importlib.util
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.docs import surroundings
from tests.docs.pages import INDENTED, PAGES, RUNS_LONG_EXAMPLES, SESSION, SHELL, Block, blocks
from upecho.cli import COMMANDS, upecho
from upecho.cli.bench import ab, profiles
from upecho.support.errors import HarnessError

pytestmark = [pytest.mark.once, pytest.mark.unmeasured]  # other tests reach the lines behind these commands

LANGUAGES = {SHELL, SESSION, "text", "toml", "yaml"}
DIRECTIVE = re.compile(r"\{(literalinclude|toctree|eval-rst|image)\} ?.*")
LOOKS_LIKE_A_COMMAND = re.compile(r"(\$ |(\.venv/bin/)?(upecho|pip|pytest|tox|python3?) )")

INSTALLS = "it installs packages; continuous integration runs the commands of README.md"
SEVERAL_MACHINES = "it needs several machines; tests/distributed runs it in network namespaces"
TUTORIAL = "test_tutorial.py runs it, or a command of the same servers with fewer checks"
CORES = "it depends on the number of cores; tests/cli/bench/test_engine_cores.py fakes them"
NOT_RUN = {
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/upecho bench --quick": INSTALLS,
    "python3 -m venv .venv && .venv/bin/pip install tox && .venv/bin/tox": INSTALLS,
    "python3 -m venv .venv && .venv/bin/pip install .": INSTALLS,
    "source .venv/bin/activate": "it is Python's own",
    "pip install ./upecho": INSTALLS,
    "pip install 'upecho[distributed]'": INSTALLS,
    "pip install '.[report]'": INSTALLS,
    "upecho serve selectors --bind 10.0.0.9:8080 # on the machine of the server": SEVERAL_MACHINES,
    "upecho locust 10.0.0.9:8080 # on another one": SEVERAL_MACHINES,
    "upecho locust 10.0.0.9:8080 --master 10.0.0.1:5557 --workers 3 --save run.json # on 10.0.0.1": SEVERAL_MACHINES,
    "upecho locust --worker 10.0.0.1:5557 # on each of three others": SEVERAL_MACHINES,
    "cat lesson.toml": TUTORIAL,
    "upecho serve textbook --config lesson.toml": TUTORIAL,
    "upecho send hello": TUTORIAL,
    "upecho serve textbook --bind unix:lesson.sock": TUTORIAL,
    "upecho send --to unix:lesson.sock hello": TUTORIAL,
    (
        "upecho check textbook step1_stream:serve step2_next_client:serve step3_many_clients:serve threaded:serve "
        "--family inet --family unix --check coalesced-messages --check half-close-large --check descriptor-reuse "
        "--check hundred-clients --check fd-exhaustion --check graceful-shutdown-no-data-loss"
    ): TUTORIAL,
    "upecho bench prefork --scenario throughput --engine-cores 4": CORES,
    "upecho bench prefork --scenario throughput --engine-cores 2,4-7": CORES,
    "upecho bench prefork --engine-cores 2": CORES,
    "upecho bench --count instructions selectors asyncio-protocol asyncio --rounds 5 --no-check": (
        "it needs Valgrind, and minutes; tests/cli/bench/test_instructions.py fakes it"
    ),
    'pytest --pyargs upecho.conformance --upecho-target "cmd:./my-server {address}" --upecho-family inet': (
        "it starts pytest in pytest; tests/conformance/test_pytest_options.py runs it"
    ),
    "upecho check textbook --family inet --family unix": TUTORIAL,
    "upecho check step1_stream:serve --family inet --family unix": TUTORIAL,
    "upecho check step2_next_client:serve --family inet --family unix": TUTORIAL,
    "upecho check step3_many_clients:serve --family inet --family unix": TUTORIAL,
    "pytest bench --implementation selectors --implementation asyncio --family unix": (
        "it measures in a checkout; tests/bench runs it"
    ),
}
# Measurements take long, so that only "tox -e docs-examples" runs all of them; and so do these.
MEASUREMENTS = {
    "upecho bench 127.0.0.1:9000",
    "upecho bench unix:/run/my.sock --pid 1234 threads",
    "upecho bench --ab asyncio asyncio-protocol",
}
LONG = {
    "upecho check asyncio+all --family inet",
    "upecho check trio anyio-asyncio anyio-trio gevent twisted tornado",
    "upecho check tornado+my_package:new_event_loop",
    "upecho check my_module:serve",
    "upecho check selectors --family inet --json after.json",
    "upecho report results.json verdicts.json --output report.html",
    "upecho report new.json verdicts.json --base old.json --base old-verdicts.json --output report.html",
}
NEEDS: Mapping[str, Callable[[], object]] = {
    "gevent": lambda: importlib.util.find_spec("gevent"),
    "tornado+": lambda: importlib.util.find_spec("tornado"),
    "--output report": lambda: importlib.util.find_spec("altair"),
    "syscalls": lambda: shutil.which("strace"),
    "socat": lambda: shutil.which("socat"),
}
FAILING = "upecho check textbook"  # the server ends after its first client, so even the simplest check fails
VOID = "void: the machine did not let the load engine"  # a trial as short as these, on a busy machine
ADDRESSES = ("127.0.0.1:9000", "unix:/tmp/mine.sock", "unix:/run/my.sock")


def is_long(command: str) -> bool:
    return command in LONG or (command.startswith("upecho bench ") and command not in MEASUREMENTS)


EXAMPLES = [(block, command) for page in PAGES for block in blocks(page) for command in block.commands()]
RUN = [one for one in EXAMPLES if one[1] not in NOT_RUN and is_long(one[1]) == RUNS_LONG_EXAMPLES]


@pytest.fixture
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the warm-up of a trial, for which there is no option, as short as the trial."""
    monkeypatch.setattr(profiles, "NORMAL", dataclasses.replace(profiles.NORMAL, warm_up_seconds=0.01))
    monkeypatch.setattr(ab, "WARM_UP_SECONDS", 0.01)


@pytest.fixture
def here(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a directory with everything that the examples need the current one."""
    surroundings.build(directory)
    monkeypatch.chdir(directory)
    for name, value in surroundings.environment(directory).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(directory)
    return directory


@pytest.mark.usefixtures("here", "shorter")
@pytest.mark.parametrize(("block", "command"), RUN, ids=[f"{block}:{command}"[:70] for block, command in RUN])
def test_command_runs(
    block: Block, command: str, upecho_here: Callable[..., tuple[int, str, str]], start: Callable[..., Any]
) -> None:
    for text, is_available in NEEDS.items():
        if text in command and not is_available():
            pytest.skip(f"{text.strip()} is not available")
    words = shlex.split(command.removeprefix(".venv/bin/"))
    if any(address in words for address in ADDRESSES):
        # The kernel shows a path as it was bound, so the same relative path elsewhere could not be told from this one.
        server = start("threads", f"unix:{Path.cwd()}/server.sock" if "unix:" in command else "127.0.0.1:0")
        words = [str(server.address) if word in ADDRESSES else word for word in words]
        words = [str(server.child.pid) if word == "1234" else word for word in words]
    if words[0] == "upecho" and not set("$|<>&;") & set(command):
        status, out, err = upecho_here(*words[1:], *shortened(words))
        is_void = status == HarnessError.exit_status and VOID in " ".join(out.split())
        assert is_void or status == " ".join(words).startswith(FAILING), out + err
    else:
        subprocess.run(["bash", "-c", " ".join([command, *shortened(words)])], check=True, timeout=100)


def shortened(words: list[str]) -> list[str]:
    """Return further options that let a command do only a part of its work."""
    match words[:2]:
        case ["upecho", "check"]:
            return [*([] if "--check" in words else ["--check", "echo-hello"]), *one_family(words)]
        case ["upecho", "bench"]:
            scenario = [] if "--scenario" in words else ["--scenario", "latency"]
            return ["--no-check", "--rounds", "1", "--seconds", "0.01", *scenario, *one_family(words)]
    return []


def one_family(words: list[str]) -> list[str]:
    """Return the option for one family that a target can be told about, unless an address or an option says which."""
    text = " ".join(words)
    if "--family" in words or re.search(r" (127\.|unix:)", text):
        return []
    return ["--family", "inet" if "{port}" in text else "unix"]


@pytest.mark.parametrize(
    "command", [one for _, one in EXAMPLES if one.startswith("upecho ") and (one in NOT_RUN or is_long(one))]
)
def test_options_of_a_command_that_is_not_run_exist(command: str) -> None:
    name, *arguments = shlex.split(command, comments=True)[1:]
    group = upecho.make_context("upecho", [name], resilient_parsing=True)
    found = upecho.get_command(group, name)
    assert found
    found.make_parser(group).parse_args(arguments)


def test_every_command_that_is_not_run_is_shown() -> None:
    assert not (NOT_RUN.keys() | LONG | MEASUREMENTS) - {command for _, command in EXAMPLES}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_block_says_what_it_is(page: Path) -> None:
    """A command is in a block for a shell, because no test runs it elsewhere."""
    for block in blocks(page):
        assert block.language != INDENTED, f"{block}: give the block a fence"
        assert block.language in LANGUAGES or DIRECTIVE.fullmatch(block.language), f"{block}: {block.language}"
        if block.language not in (SHELL, SESSION):
            commands = [line for line in block.text.splitlines() if LOOKS_LIKE_A_COMMAND.match(line)]
            assert not commands, f"{block}: commands belong into a block for a shell"


def test_page_of_commands_has_every_command() -> None:
    text = Path("docs/reference/commands.md").read_text()
    assert re.findall(r"click:: upecho\.cli\.commands\.(\w+):command\n   :prog: upecho \1\n", text) == list(COMMANDS)
