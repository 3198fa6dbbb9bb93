"""What servers write to stderr: which check it belongs to, and what of it is reported."""

import signal
import sys

import pytest

from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.servers.stderr import Fragment, StderrReader, errors, summarized
from upecho.net.address import Address
from upecho.processes.child import Child
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind, Target

NOWHERE = Address.parse("unix:/nowhere")
REPEATS = "import sys\nfor line in sys.stdin: print(line, end='', file=sys.stderr, flush=True); print(flush=True)"


def crash(exception: str, line: int = 12) -> str:
    return f'Traceback (most recent call last):\n  File "/s.py", line {line}, in f\n    g()\n{exception}\n'


@pytest.fixture
def child(supervisor: Supervisor) -> Child:
    """A program that repeats its input on stderr."""
    return supervisor.start([sys.executable, "-S", "-c", REPEATS])


def say(child: Child, text: str) -> None:
    child.stdin.write(f"{text}\n".encode())
    assert child.read_line(20) == ""


def test_output_before_the_server_is_ready_does_not_count(child: Child) -> None:
    say(child, "starting")
    startup_bytes = child.stderr_bytes()
    say(child, "serving")
    stderr = StderrReader(child, startup_bytes)
    stderr.collect("some-check")
    assert stderr.fragments == [Fragment("some-check", "serving\n", while_serving=True)]


def test_each_line_is_collected_once_with_its_check(child: Child) -> None:
    stderr = StderrReader(child)
    say(child, "one")
    stderr.collect("first-check")
    stderr.collect("second-check")
    say(child, "two")
    stderr.collect("second-check")
    assert [(one.check, one.text) for one in stderr.fragments] == [("first-check", "one\n"), ("second-check", "two\n")]


def test_output_after_the_stop_is_marked_and_output_after_sigkill_is_left_out(child: Child) -> None:
    server = Server(NOWHERE, ServerProcess(child, NOWHERE, Launch(Target("mine", Kind.COMMAND), str(NOWHERE))))
    assert server.stderr
    say(child, "serving")
    server.request_stop(signal.SIGWINCH)  # ignored by default, so that the program can go on to write
    say(child, "stopping")
    server.stderr.note_kill()
    say(child, "orphaned")
    server.stderr.collect("x")
    server.stderr.collect("x")
    assert [(one.text, one.while_serving) for one in server.stderr.fragments] == [
        ("serving\n", True),
        ("stopping\n", False),
    ]


def test_error_belongs_to_the_check_during_which_it_began() -> None:
    text = crash("ValueError: x")
    cut = text.index("    g()")
    fragments = [
        Fragment("quiet", "<6>client connected\n", while_serving=True),
        Fragment("guilty", f"hello\n{text[:cut]}", while_serving=True),
        Fragment("innocent", text[cut:], while_serving=True),
        Fragment("late", crash("KeyError: 'y'", line=3), while_serving=False),
    ]
    assert [(one.check, one.text) for one in errors(fragments)] == [
        ("guilty", "ValueError: x (/s.py:12)"),
        ("late", "KeyError: 'y' (/s.py:3)"),
    ]


def test_description_counts_equal_errors_and_names_the_first_check() -> None:
    text = crash("OSError: port 1") + crash("KeyError: 'x'") + crash("OSError: port 22")
    found = errors([Fragment("a", "", while_serving=True), Fragment("b", text, while_serving=True)])
    assert summarized(found) == (
        "OSError: port 1 (/s.py:12), 2 times, first during b; KeyError: 'x' (/s.py:12), 1 time, first during b"
    )


@pytest.mark.parametrize(("names", "more"), [("ABCD", "1 more kind of report"), ("ABCDE", "2 more kinds of report")])
def test_description_of_many_kinds_is_short(names: str, more: str) -> None:
    found = errors([Fragment("a", "".join(crash(f"{name}Error: x") for name in names), while_serving=True)])
    assert summarized(found).endswith(f"CError: x (/s.py:12), 1 time, first during a; and {more}")


@pytest.mark.parametrize(("while_serving", "count"), [(True, 1), (False, 0)])
def test_task_that_is_cancelled_during_the_stop_is_no_error(while_serving: bool, count: int) -> None:
    text = crash("asyncio.exceptions.CancelledError", line=3)
    assert len(errors([Fragment("a", text, while_serving=while_serving)])) == count
