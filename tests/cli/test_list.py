"""``upecho list``: a table on a terminal, plain lines in a pipe, JSON on request."""

import importlib.util
import json
import os
import pty
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.conformance.catalogue import catalogue
from upecho.serving import loops, registry

Upecho = Callable[..., "subprocess.CompletedProcess[str]"]


def run_on_a_terminal(*arguments: str, columns: int) -> str:
    terminal, terminal_of_child = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "upecho", "list", *arguments],
        stdin=terminal_of_child,
        stdout=terminal_of_child,
        stderr=terminal_of_child,
        env=environment,
    ):
        os.close(terminal_of_child)
        shown = b""
        try:
            while data := os.read(terminal, 65536):
                shown += data
        except OSError:  # on Linux, the end of a terminal is an error (EIO)
            pass
    os.close(terminal)
    return shown.decode()


def test_pipe_gets_one_plain_line_per_name(upecho: Upecho) -> None:
    done = upecho("list")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in lines if not line.startswith(" ")] == [
        "implementations",
        "loops",
        "families",
        "features",
    ]
    names = [line.split()[0] for line in lines]
    assert {row.name for row in registry.BUILT_IN} | {row.name for row in loops.BUILT_IN} | {"inet6", "abstract"} < set(
        names
    )
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout


def test_naive_and_limited_servers_are_marked(upecho: Upecho) -> None:
    lines = {line.split()[0]: line for line in upecho("list").stdout.splitlines()}
    assert lines["textbook"].endswith("(naive)")
    assert lines["blocking"].split()[1] == "1"
    assert lines["threads"].split()[1] == "any"


def test_table_of_servers_fits_a_terminal() -> None:
    shown = run_on_a_terminal(columns=80)
    assert "\x1b[" in shown
    assert "prefork" in shown
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in shown.splitlines()) <= 80


def test_pipe_gets_one_plain_line_per_check(upecho: Upecho) -> None:
    done = upecho("list", "--checks")
    lines = done.stdout.splitlines()
    first = catalogue()[0]
    width = max(len(check.id) for check in catalogue())
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[:2] == ["bytes", f"  {first.id:{width}}  MUST    {first.requirement}"]
    assert [line.split()[0] for line in lines if line.startswith(" ")] == [check.id for check in catalogue()]
    assert done.stdout.isascii()
    assert "it answers 'quit', an empty line" in done.stdout
    assert "`" not in done.stdout


def test_table_of_checks_fits_a_terminal() -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", run_on_a_terminal("--checks", columns=80))
    assert max(map(len, shown.splitlines())) <= 80
    longest = max(catalogue(), key=lambda check: len(check.requirement))
    assert " ".join(longest.requirement.split()[-2:]) in " ".join(shown.split())
    assert all(check.id in shown for check in catalogue())


def test_checks_are_listed_as_json(upecho: Upecho) -> None:
    shown = json.loads(upecho("list", "--checks", "--json").stdout)
    assert list(shown) == ["checks"]
    assert len(shown["checks"]) == len(catalogue())
    assert shown["checks"][0] == {
        "id": "echo-hello",
        "topic": "bytes",
        "level": "MUST",
        "requirement": catalogue()[0].requirement,
        "unavailable": None,
    }


def test_listing_servers_does_not_import_the_suite() -> None:
    program = """
        import sys
        from upecho.cli.commands.list import command
        command([], standalone_mode=False)
        print(sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert "hypothesis" not in done.stdout


def test_table_has_one_line_for_each_loop_that_is_not_installed() -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", run_on_a_terminal(columns=80)).splitlines()
    first, last = (
        next(number for number, line in enumerate(shown) if line.startswith(word)) for word in ("uvloop", "all")
    )
    installed = {row.name for row in loops.BUILT_IN if all(map(importlib.util.find_spec, row.packages))}
    absent = [row.name for row in loops.BUILT_IN if row.name not in installed]
    names = [line.split()[0] for line in shown[first : last + 1]]
    assert set(absent) <= set(names)
    assert len(names) == len(loops.BUILT_IN), shown


def test_json_has_the_documented_structure(upecho: Upecho) -> None:
    shown = json.loads(upecho("list", "--json").stdout)
    assert list(shown) == ["implementations", "loops", "families", "features"]
    assert {tuple(entry) for entry in shown["implementations"]} == {
        ("name", "summary", "unavailable", "max_clients", "naive")
    }
    others = shown["loops"] + shown["families"] + shown["features"]
    assert {tuple(entry) for entry in others} == {("name", "summary", "unavailable")}
    assert shown["implementations"][0] == {
        "name": "blocking",
        "summary": "one client after another, one thread",
        "unavailable": None,
        "max_clients": 1,
        "naive": False,
    }


def test_unavailable_servers_and_loops_are_listed_with_the_reason(upecho: Upecho, tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ModuleNotFoundError(name='uvloop')")
    (tmp_path / "theirs.py").write_text("1 / 0")
    package = tmp_path / "theirs-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: theirs\nVersion: 1\n")
    (package / "entry_points.txt").write_text(
        "[upecho.servers]\ntheirs = theirs:serve\n[upecho.loops]\nfast = fast:new_event_loop\nslow = theirs:Loop\n"
    )
    (tmp_path / "fast.py").write_text("from asyncio import new_event_loop")
    done = upecho("list", env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert f"theirs unavailable: import failed: ZeroDivisionError: division by zero ({tmp_path}/theirs.py:1)" in lines
    assert "uvloop unavailable: the package 'uvloop' is not installed; run pip install uvloop" in lines
    assert "fast fast:new_event_loop" in lines
    assert f"slow unavailable: import failed: ZeroDivisionError: division by zero ({tmp_path}/theirs.py:1)" in lines
    assert "all every installed loop, as in upecho check asyncio+all" in lines


def package(directory: Path, name: str, code: str) -> None:
    """Install a package that adds a server, as far as Python can tell."""
    (directory / f"{name}.py").write_text(code)
    metadata = directory / f"{name}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[{registry.ENTRY_POINTS}]\n{name} = {name}:serve\n")


GOOD = "print('a banner')\ndef serve(listener, stop): 'a server of theirs'\n"


def test_code_of_others_that_crashes_exits_or_hangs_is_listed_as_unavailable(
    tmp_path: Path, upecho: Upecho, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, "crashing", "import os; os.kill(os.getpid(), 11)")
    package(tmp_path, "exiting", "import os; os._exit(7)")
    package(tmp_path, "hanging", "import time; time.sleep(60)")
    package(tmp_path, "theirs", GOOD)
    (tmp_path / "uvloop.py").write_text("import os; os.kill(os.getpid(), 11)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.4")
    done = upecho("list", "--json")
    assert done.returncode == 0
    listed = json.loads(done.stdout)
    reasons = {one["name"]: one["unavailable"] for kind in ("implementations", "loops") for one in listed[kind]}
    failed = "import failed: a process that tried it"
    assert reasons["crashing"] == f"{failed} was killed by SIGSEGV"
    assert reasons["uvloop"] == f"{failed} was killed by SIGSEGV"
    assert reasons["exiting"] == f"{failed} ended with exit status 7"
    assert reasons["hanging"] == "import failed: it takes longer than 2 s"
    assert reasons["theirs"] is None
    assert reasons["selectors"] is None
    assert "a server of theirs" in [one["summary"] for one in listed["implementations"]]


@pytest.mark.parametrize(
    "content", [b"[other]\nno value\n", b"[other]\n\xff = a:b\n"], ids=["a line without =", "not UTF-8"]
)
@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["serve", "nosuch"], ["serve", "asyncio+nosuch"]])
def test_malformed_entry_points_are_one_line_that_names_the_distribution(
    content: bytes, words: list[str], *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Callable[..., str]
) -> None:
    package(tmp_path, "theirs", GOOD)
    (tmp_path / "theirs-1.dist-info" / "entry_points.txt").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    assert refusal(*words) == (
        f"the installed distribution theirs in {tmp_path}: its entry_points.txt is malformed; reinstall or remove it"
    )


@pytest.mark.parametrize("hidden", [True, False])
def test_process_for_code_of_others_is_started_only_if_there_is_any(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hidden: bool
) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    others = [package for row in (*loops.BUILT_IN, *registry.FRAMEWORKS) for package in row.packages]
    hide = f"sys.modules.update(dict.fromkeys({[one for one in others if one != 'uvloop' or hidden]}));"
    code = f"import sys; {hide}from upecho.cli import main; sys.argv = ['upecho', 'list']"
    probe = f"{code}\ntry: main()\nexcept SystemExit: print('upecho.conformance.run.preconditions' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(not hidden)
