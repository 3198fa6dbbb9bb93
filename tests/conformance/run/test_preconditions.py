"""Trials of targets whose code may do anything when it is imported or constructed."""

import os
import sys
import time
from pathlib import Path

import pytest

from upecho.conformance.run.preconditions import TRIAL_SECONDS, Tried, tried
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving.loading.declarations import Declared
from upecho.serving.target import Target

LOOP = "import asyncio\nclass Loop(asyncio.SelectorEventLoop):\n    def __init__(self):\n        {}\n"
MISTYPED = ["threds", "asyncio+uvlop", "mine:no_such", "no_such_module:serve", "mine:LIMIT"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import ctypes; ctypes.string_at(0)", "import failed: a process that tried it was killed by SIGSEGV"),
        ("import os; os._exit(0)", "import failed: a process that tried it ended with exit status 0"),
        ("import os; os._exit(64)", "import failed: a process that tried it ended with exit status 64"),
        ("import os\nif os.fork(): os._exit(7)\nelse: os.read(0, 1), os._exit(0)", "import failed: a process"),
        ("import os, time\nif os.fork(): os._exit(7)\nelse: time.sleep(60)", "import failed: a process that tried it"),
        (
            "import os; os.closerange(0, 99); os._exit(0)",
            "import failed: a process that tried it ended with exit status 0",
        ),
        ("raise SystemExit('gone')", "import failed: SystemExit: gone"),
        ("raise ImportError('\\x1b[2J')", "import failed: ImportError: \\x1b[2J"),
        ("new_event_loop = lambda: None", "its factory returned None, which is not an event loop"),
        ("new_event_loop = lambda: 1 / 0", "its factory failed: ZeroDivisionError: division by zero"),
        ("new_event_loop = __import__('os').abort", "its loop factory failed: a process that tried it was killed by "),
    ],
)
def test_code_that_cannot_be_used_is_unusable_for_a_reason(here: Path, code: str, reason: str) -> None:
    (here / "mine.py").write_text(code)
    found = tried(["asyncio+mine:new_event_loop", "selectors"]).unusable
    assert list(found) == ["asyncio+mine:new_event_loop"]
    assert found["asyncio+mine:new_event_loop"].startswith(reason)


def test_all_hanging_targets_together_take_one_deadline(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.2")
    for name in ("one", "two", "three"):
        (here / f"{name}.py").write_text("import time; time.sleep(600)")
    began = time.monotonic()
    found = tried(["one:serve", "two:serve", "asyncio+three:new_event_loop"]).unusable
    assert set(found.values()) == {f"import failed: it takes longer than {TRIAL_SECONDS / 5:g} s"}
    assert (len(found), time.monotonic() - began < 3 * TRIAL_SECONDS / 5) == (3, True)


def test_target_that_hangs_leaves_the_others_their_time(here: Path) -> None:
    (here / "hangs.py").write_text("import time; time.sleep(600)")
    (here / "crashes.py").write_text("import os; os.abort()")
    (here / "mine.py").write_text("import asyncio; new_event_loop = asyncio.new_event_loop")
    found = tried(["hangs:serve", "asyncio+mine:new_event_loop", "crashes:serve"]).unusable
    assert found == {
        "hangs:serve": f"import failed: it takes longer than {TRIAL_SECONDS:g} s",
        "crashes:serve": "import failed: a process that tried it was killed by SIGABRT",
    }


@pytest.mark.parametrize(
    "code",
    [
        "import sys, asyncio; print('a'); print('b', file=sys.stderr); new_event_loop = asyncio.new_event_loop",
        "import os, asyncio; os.write(1, b'{}\\n7\\n'); new_event_loop = asyncio.new_event_loop",
        LOOP.format("import warnings; warnings.warn('old', DeprecationWarning); super().__init__()")
        + "new_event_loop = Loop",
        "import threading, time, asyncio; threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "new_event_loop = asyncio.new_event_loop",
    ],
)
def test_code_that_prints_warns_or_starts_a_thread_can_be_used(here: Path, code: str) -> None:
    (here / "mine.py").write_text(code)
    assert tried(["asyncio+mine:new_event_loop"]).unusable == {}


@pytest.mark.parametrize("text", MISTYPED)
def test_target_that_does_not_exist_is_left_for_the_parser(here: Path, text: str) -> None:
    (here / "mine.py").write_text("LIMIT = 7")
    assert tried([text]).unusable == {}


def test_addresses_commands_and_built_in_servers_are_not_tried() -> None:
    began = os.times().children_user
    assert tried(["127.0.0.1:9", "unix:/x", "cmd:true {address}", "selectors", "asyncio+asyncio"]).unusable == {}
    assert os.times().children_user == began


def test_what_modules_declare_is_known_without_importing_them_here(here: Path) -> None:
    (here / "declares.py").write_text(
        "FAMILIES = ('inet', 'unix')\nMAX_CLIENTS = 3\nLOGS = True\nGRACE = 7.5\ndef serve(listener, stop): pass\n"
    )
    declared = tried(["declares:serve"]).declared["declares:serve"]
    assert declared == Declared(frozenset({Family.INET, Family.UNIX}), 3, logs=True, grace=7.5)
    assert Target.parse("declares:serve", declared=declared).families == declared.families
    assert "declares" not in sys.modules


def with_path(program: Path, directory: Path) -> Interpreter:
    """Return an interpreter that finds the modules of a directory, as one with an environment of its own does."""
    program.write_text(f'#!/bin/sh\nPYTHONPATH={directory} exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return Interpreter(str(program), "CPython 3.99.0")


def test_target_is_tried_with_the_interpreters_that_will_run_it(tmp_path: Path) -> None:
    for name in ("empty", "failing", "working"):
        (tmp_path / name).mkdir()
    (tmp_path / "failing" / "theirs.py").write_text("raise SystemExit('gone')")
    (tmp_path / "working" / "theirs.py").write_text("MAX_CLIENTS = 7\ndef serve(listener, stop): pass\n")
    empty, failing, working = (
        with_path(tmp_path / f"{name}-python", tmp_path / name) for name in ("empty", "failing", "working")
    )
    target = "theirs:serve"
    for interpreters in ([failing, working], [working, failing], [empty, working]):
        found = tried([target], interpreters)
        assert (found.unusable, found.declared[target].max_clients) == ({}, 7)
    assert tried([target], [empty, failing]).unusable[target].startswith("import failed: SystemExit: gone")
    assert tried([target], [empty]) == tried([target]) == Tried({}, {})
