"""upecho without one thing that only Linux has: a correct server passes, and what cannot be seen is declared."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.portability.conftest import Hidden

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux", reason="hides what only Linux has"),
]

ANY_THREAD, IDLE = "graceful-shutdown-any-thread", "no-cpu-while-idle"
CHECKS = (
    "hundred-clients",
    "live-socket-path-kept",
    "graceful-shutdown-no-data-loss",
    "graceful-shutdown-stalled-client",
    ANY_THREAD,
    IDLE,
)


@pytest.mark.parametrize(
    ("names", "unseen"),
    [
        ("platform names", {ANY_THREAD, IDLE}),
        ("names", set()),
        ("extension", set()),
        ("foreign_functions", {ANY_THREAD}),
        ("proc", {ANY_THREAD, IDLE}),
        ("platform blocking_accept", {ANY_THREAD, IDLE}),
        ("platform kept_data", {ANY_THREAD, IDLE}),
        ("platform waiting_connect", {ANY_THREAD, IDLE}),
        ("unlimited_descriptors", set()),
    ],
)
def test_correct_server_passes_without(
    names: str, unseen: set[str], hidden: Callable[..., dict[str, str]], run: Hidden, tmp_path: Path
) -> None:
    file = tmp_path / "verdicts.json"
    wanted = [word for check in CHECKS for word in ("--check", check)]
    done = run(hidden(*names.split()), "check", "threads", "--family", "unix", "--json", str(file), *wanted)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stdout + done.stderr
    seen = {one["check"]: one["verdict"] for one in json.loads(file.read_text())["verdicts"]}
    assert seen == {check: "unsupported" if check in unseen else "passed" for check in CHECKS}
