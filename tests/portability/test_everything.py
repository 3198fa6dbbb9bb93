"""upecho without anything that only Linux has, as on macOS: what is portable runs, and the rest is declared."""

import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.portability.conftest import Hidden
from upecho.conformance.catalogue import catalogue

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux", reason="hides what only Linux has"),
]

EVERYTHING = (
    "platform",
    "names",
    "extension",
    "foreign_functions",
    "proc",
    "blocking_accept",
    "kept_data",
    "waiting_connect",
    "unlimited_descriptors",
)
CHECKS = (
    "half-close",
    "coalesced-messages",
    "live-socket-path-kept",
    "graceful-shutdown-no-data-loss",
    "fd-exhaustion",
)
# Command lines, each with the beginning of the line that it has to write to stderr.
BENCH = ["bench", "--no-check", "selectors"]
REFUSALS = {
    ("serve", "threads", "--bind", "unix:@x"): "family abstract is unavailable here: abstract Unix sockets exist on ",
    ("serve", "native"): "native is unavailable here: it needs upecho's C extension, which exists for Linux only",
    ("bench", "--ab", "selectors", "threads"): "--ab is unavailable here: it takes Linux with a mounted /proc",
    (*BENCH, "--fail-above", "3", "--reference", "threads"): "--fail-above cpu is unavailable here: it takes Linux ",
    (*BENCH, "--columns", "syscalls"): "counting system calls is unavailable here: it takes Linux with a mounted /proc",
    (*BENCH, "--count", "instructions"): "counting instructions is unavailable here: only Linux has such counters",
    (*BENCH, "--engine-cores", "2"): "a choice of cores is unavailable here: this system does not bind processes to ",
    (*BENCH, "--engine", "native"): "the native load engine is unavailable here: it needs upecho's C extension, which ",
    (*BENCH, "--scenario", "churn"): "only the native load engine supports churn, not 'python'; it needs upecho's C ",
}
# Runs several command lines in one process.
PROGRAM = """
import json, sys
from upecho import cli
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["upecho", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        print(end.code, flush=True)
"""


@pytest.fixture
def without(hidden: Callable[..., dict[str, str]], temporary: Path) -> dict[str, str]:
    """The environment in which Python lacks everything that only Linux has, and which has other paths."""
    return hidden(*EVERYTHING) | {"TMPDIR": str(temporary)}


def test_list_says_what_this_system_lacks(without: dict[str, str], run: Hidden) -> None:
    listed = json.loads(run(without, "list", "--json").stdout)
    reasons = {one["name"]: one["unavailable"] for entries in listed.values() for one in entries}
    assert all("Linux" in reasons[name] for name in ("abstract", "native", "prefork-reuseport", "talyn"))
    assert all(one["unavailable"] for one in listed["features"])
    assert not any(reasons[name] for name in ("threads", "selectors", "asyncio", "prefork", "inet", "unix"))


def test_list_says_which_checks_cannot_be_carried_out(without: dict[str, str], run: Hidden) -> None:
    listed = json.loads(run(without, "list", "--checks", "--json").stdout)["checks"]
    missing = {one["id"] for one in listed if one["unavailable"]}
    assert missing == {check.id for check in catalogue() if check.observes} | {"no-nagle-delay"}


def test_built_in_servers_pass_and_a_wrong_one_fails(without: dict[str, str], run: Hidden, tmp_path: Path) -> None:
    correct = ["selectors", "threads", "asyncio", "prefork"]
    file = tmp_path / "verdicts.json"
    wanted = [word for check in CHECKS for word in ("--check", check)]
    families = ["--family", "inet", "--family", "unix"]
    done = run(without, "check", *correct, "textbook", *families, *wanted, "--jobs", "2", "--json", str(file))
    assert (done.returncode, done.stderr.count("Traceback")) == (1, 0), done.stdout + done.stderr
    verdicts = json.loads(file.read_text())["verdicts"]
    seen = {(one["check"], one["verdict"]) for one in verdicts if one["target"] in correct}
    assert seen == {(check, "unsupported" if check == "fd-exhaustion" else "passed") for check in CHECKS}
    assert "failed" in {one["verdict"] for one in verdicts if one["target"] == "textbook"}
    assert "this system does not expose the resource usage" in " ".join(done.stdout.split())


def test_python_engine_measures_and_the_report_says_what_is_unknown(
    without: dict[str, str], run: Hidden, tmp_path: Path
) -> None:
    file = tmp_path / "results.json"
    options = ["--no-check", "--family", "unix", "--scenario", "throughput", "--rounds", "2", "--seconds", "0.05"]
    done = run(without, "bench", "selectors", *options, "--save", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    shown = " ".join(done.stdout.split())
    assert "CPU time, memory and context switches of servers are unknown: this system does not show them." in shown
    assert "ratio: elapsed time per request relative to the cheapest server" in shown
    assert shown.endswith("load engine python and servers on the same cores: rates mean little")
    trials = json.loads(file.read_text())["trials"]
    assert all(trial["load"]["requests"] and trial["load"]["server"] is None for trial in trials)


def test_server_answers_and_stops(without: dict[str, str], run: Hidden, directory: Path) -> None:
    command = [sys.executable, "-m", "upecho", "serve", "threads", "--bind", f"unix:{directory}/s"]
    with (
        subprocess.Popen(command, env=without, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server,
        contextlib.ExitStack() as clean_up,
    ):
        clean_up.callback(server.kill)  # after a failed assertion
        assert server.stdout
        assert server.stdout.readline() == f"upecho: threads is ready on unix:{directory}/s\n"
        done = run(without, "send", "hello", "--to", f"unix:{directory}/s")
        assert (done.returncode, done.stdout, done.stderr) == (0, "HELLO\n", "")
        observed = run(without, "bench", f"unix:{directory}/s", "--pid", str(server.pid))
        line = (
            f"upecho: an observation of process {server.pid} is unavailable here: it takes Linux with a mounted /proc\n"
        )
        assert (observed.returncode, observed.stdout, observed.stderr) == (2, "", line)
        server.send_signal(signal.SIGTERM)
        assert (server.wait(60), server.stderr and server.stderr.read()) == (0, "")
    assert not list(directory.iterdir())


def test_options_that_need_linux_are_refused_with_one_line(without: dict[str, str], tmp_path: Path) -> None:
    arguments = json.dumps([list(one) for one in REFUSALS])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, arguments],
        env=without, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    assert done.stdout.split() == ["2"] * len(REFUSALS)
    lines = done.stderr.splitlines()
    for line, expected in zip(lines, REFUSALS.values(), strict=True):
        assert re.match(f"upecho: {re.escape(expected)}", line)
