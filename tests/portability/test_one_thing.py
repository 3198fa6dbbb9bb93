"""upecho without one thing that only Linux has: a correct server passes, and what cannot be seen is declared."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.portability.conftest import Hidden
from upecho.processes import rlimits

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux", reason="hides what only Linux has"),
]

SERVED, STOPPED = "half-close", "graceful-shutdown"
ANY_THREAD, IDLE = "graceful-shutdown-any-thread", "no-cpu-while-idle"


@pytest.mark.parametrize(
    ("names", "passed", "unseen"),
    [
        ("platform", {SERVED, STOPPED}, {ANY_THREAD, IDLE}),
        ("names", {SERVED, STOPPED, ANY_THREAD, IDLE}, set()),
        ("extension", {SERVED, STOPPED, ANY_THREAD}, set()),
        ("foreign_functions", {SERVED, IDLE}, {ANY_THREAD}),
        ("proc", {SERVED, STOPPED}, {ANY_THREAD, IDLE}),
        ("platform blocking_accept", {"single-byte-messages"}, set()),
        ("platform kept_data", {"graceful-shutdown-no-data-loss", "graceful-shutdown-stalled-client"}, set()),
        ("platform waiting_connect", {SERVED, "live-socket-path-kept"}, set()),
    ],
)
def test_correct_server_passes_without(
    names: str,
    passed: set[str],
    unseen: set[str],
    *,
    hidden: Callable[..., dict[str, str]],
    run: Hidden,
    tmp_path: Path,
) -> None:
    file = tmp_path / "verdicts.json"
    wanted = [word for check in passed | unseen for word in ("--check", check)]
    command = ["check", "threads", "--family", "unix", "--jobs", "1", "--json", str(file), *wanted]
    done = run(hidden(*names.split()), *command)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stdout + done.stderr
    seen = {one["check"]: one["verdict"] for one in json.loads(file.read_text())["verdicts"]}
    assert seen == dict.fromkeys(passed, "passed") | dict.fromkeys(unseen, "unsupported")


def test_descriptors_are_limited_although_the_hard_limit_is_infinite(hidden: Callable[..., dict[str, str]]) -> None:
    program = """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.RLIM_INFINITY))
        from upecho.processes import rlimits
        rlimits.raise_limit()
        print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=hidden("unlimited_descriptors"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) == rlimits.OPEN_MAX
