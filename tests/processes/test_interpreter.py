"""Other Pythons: programs that are not Python are refused, and a Python without upecho runs this one."""

import functools
import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.conformance.run import gate
from upecho.load import engine
from upecho.net import connecting
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target
from upecho.support.errors import CallerError

Script = Callable[..., str]

TELLS = """
import sys
from upecho.servers import selectors

def serve(listener, stop):
    connection, _ = listener.accept()
    with listener, connection:
        connection.sendall(f"{sys.prefix}\\n{sys.executable}\\n{selectors.__file__}".encode())
"""


@pytest.fixture(autouse=True)
def no_python_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONPATH must not show upecho to an interpreter that does not have it."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Write a shell script and return its path."""

    def script(text: str, mode: int = 0o755) -> str:
        file = tmp_path / "program"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(mode)
        return str(file)

    return script


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """A virtual environment in which nothing is installed except an old upecho, which must not be used."""
    directory = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", directory], check=True)
    (packages,) = directory.glob("lib/python*/site-packages")
    (packages / "upecho").mkdir()
    (packages / "upecho" / "__init__.py").write_text("raise SystemExit('the other upecho')")
    (packages / "only_there.py").write_text(TELLS)
    one = Interpreter.probe(str(directory / "bin" / "python"))
    assert one == Interpreter(f"{directory}/bin/python", Interpreter.here().version)
    return one


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a module ``mine`` into the current directory, beside modules that must not shadow others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    for name in ("selectors.py", "upecho.py"):
        (tmp_path / name).write_text("raise SystemExit('shadowed')")

    def here(text: str) -> None:
        (tmp_path / "mine.py").write_text(text)

    return here


def answer(server: ServerProcess, message: bytes) -> str:
    with connecting.connect(server.address, 5.0) as connection, connection.makefile() as stream:
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        return stream.read()


def start(supervisor: Supervisor, target: str, python: Interpreter) -> ServerProcess:
    return start_server(supervisor, Launch(Target.implementation(target), "127.0.0.1:0", interpreter=python))


def test_probe_describes_this_interpreter_as_it_does_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Interpreter.probe(sys.executable) == Interpreter.here()
    assert Interpreter.here().version.startswith(f"{platform.python_implementation()} {platform.python_version()}")


@pytest.mark.parametrize(("gil", "end"), [(None, " free-threaded"), ("0", " free-threaded"), ("1", " with GIL")])
def test_gil_that_a_module_has_enabled_in_this_process_does_not_count(
    gil: str | None, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version", f"{sys.version} free-threading")
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    monkeypatch.delenv("PYTHON_GIL", raising=False)
    if gil:
        monkeypatch.setenv("PYTHON_GIL", gil)
    assert Interpreter.here().version.endswith(end)


def test_path_is_made_absolute_without_following_links(bare: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Path(bare.executable).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    assert Interpreter.probe("python") == bare
    monkeypatch.chdir(programs.parent)
    assert Interpreter.probe("bin/python") == bare


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pythn3", "no program 'pythn3' on the PATH"),
        ("./no/python", "no program './no/python'"),
        ("", "no program '' on the PATH"),
        (__file__, f"not executable: {__file__!r}"),
        ("echo", "not Python: 'echo' ended with exit status 0 and gave no answer"),
        ("false", "not Python: 'false' ended with exit status 1 and gave no answer"),
    ],
)
def test_program_that_is_not_python_is_refused(text: str, line: str) -> None:
    with pytest.raises(CallerError, match=f"^{line}$"):
        Interpreter.probe(text)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("echo Python 3.13.0", "ended with exit status 0 and gave no answer"),
        ("kill -SEGV $$", "was killed by SIGSEGV and gave no answer"),
        ("echo one >&2; echo two >&2; exit 3", "ended with exit status 3 and gave no answer: two"),
        ("read -r line || exit 7", "ended with exit status 7 and gave no answer"),
        (f"echo {'x' * 81} >&2", f"ended with exit status 0 and gave no answer: {'x' * 79}…"),
    ],
)
def test_program_that_ends_without_an_answer_is_refused(script: Script, code: str, line: str) -> None:
    program = script(code)
    with pytest.raises(CallerError, match=f"^not Python: {program!r} {line}$"):
        Interpreter.probe(program)


@pytest.mark.parametrize("code", ["sleep 600", "exec >&-; sleep 600", "yes"])
def test_program_that_never_answers_is_refused(script: Script, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.05")
    program = script(code)
    with pytest.raises(CallerError, match=rf"^not Python: {program!r} gave no answer within 0\.5 s$"):
        Interpreter.probe(program)


def impostor(version: str, before: str = "pass") -> str:
    """Return a script that runs this Python but reports another version."""
    pretend = f"import platform, sys; platform.python_version = lambda: '{version}'; {before}; exec(sys.argv[2])"
    return f'echo welcome; exec {sys.executable} -c "{pretend}" "$@"'


def test_old_version_is_refused(script: Script) -> None:
    implementation = platform.python_implementation()
    program = script(impostor("3.10.13"))
    with pytest.raises(CallerError, match=rf"^{program!r} is {implementation} 3\.10\.13.*; it must be at least 3\.11$"):
        Interpreter.probe(program)


def test_version_tells_a_free_threaded_build(script: Script) -> None:
    found = Interpreter.probe(script(impostor("3.100.0b1+", "sys._is_gil_enabled = lambda: False")))
    assert found.version == f"{platform.python_implementation()} 3.100.0b1+ free-threaded"


def test_version_tells_a_free_threaded_build_with_the_gil(script: Script) -> None:
    build = "sys.version += ' free-threading build'; sys._is_gil_enabled = lambda: True"
    found = Interpreter.probe(script(impostor("3.100.0", build)))
    assert found.version == f"{platform.python_implementation()} 3.100.0 free-threaded with GIL"


@pytest.mark.parametrize(
    "target",
    [
        "selectors",
        "asyncio",
        pytest.param("native", marks=pytest.mark.skipif(engine.best() != "native", reason="it was not built")),
    ],
)
def test_interpreter_without_upecho_serves(
    bare: Interpreter, supervisor: Supervisor, here: Callable[[str], None], target: str
) -> None:
    with start(supervisor, target, bare) as server:
        assert answer(server, b"hello") == "HELLO"
        assert server.stop() == 0
        assert server.child.stderr() == ""


@pytest.mark.parametrize("target", ["mine:serve", "only_there:serve"])
def test_other_interpreter_runs_this_upecho(
    bare: Interpreter, supervisor: Supervisor, here: Callable[[str], None], target: str
) -> None:
    here(TELLS)
    with start(supervisor, target, bare) as server:
        prefix, executable, module = answer(server, b"").splitlines()
    assert (prefix, executable) == (str(Path(bare.executable).parent.parent), bare.executable)
    assert Path(module).samefile(gate.__file__.replace("conformance/run/gate", "servers/selectors"))


def test_link_to_the_package_is_removed_and_the_package_kept(bare: Interpreter) -> None:
    with Supervisor() as supervisor, start(supervisor, "selectors", bare):
        (link,) = supervisor.directory.rglob("upecho")
        assert link.is_symlink()
    assert not supervisor.directory.exists()
    assert Path(gate.__file__).exists()


def test_missing_lists_targets_with_reasons(bare: Interpreter, here: Callable[[str], None]) -> None:
    here("import os, signal\nprint('noise', flush=True)\ndef serve(listener, stop): pass\n")
    mine = Path("mine.py").read_text()
    modules = {
        "crashes": "os.kill(os.getpid(), signal.SIGSEGV)",
        "leaves": "print('so long', flush=True); os._exit(0)",
        "breaks": "raise ValueError('a line\\nand another')",
        "needs": "import pytest",  # which this interpreter has
    }
    for name, code in modules.items():
        Path(f"{name}.py").write_text(mine + code)
    targets = [f"{name}:serve" for name in ("mine", "only_there", *modules)]
    silence = "a process that loaded it ended with exit status"
    assert bare.missing(["asyncio+uvloop", "threds", "threads", "asyncio", *targets]) == {
        "asyncio+uvloop": "not installed",
        "threds": "unknown implementation 'threds'; did you mean threads?",
        "crashes:serve": "a process that loaded it was killed by SIGSEGV and gave no answer: noise",
        "leaves:serve": f"{silence} 0 and gave no answer: so long",
        "breaks:serve": f"import failed: ValueError: a line and another ({Path.cwd()}/breaks.py:4)",
        "needs:serve": "the package 'pytest' is not installed",
    }


def test_import_that_never_ends_is_missing(
    bare: Interpreter, here: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    here("import time; time.sleep(600)")
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.05")
    assert bare.missing(["mine:serve"]) == {"mine:serve": "a process that loaded it gave no answer within 0.5 s"}


def test_gate_uses_the_other_interpreter(bare: Interpreter, here: Callable[[str], None]) -> None:
    there = str(Path(bare.executable).parent.parent)
    here(
        f"import sys\nfrom upecho.servers.selectors import serve as right\n"
        f"def serve(listener, stop):\n    if sys.prefix == {there!r}: right(listener, stop)\n"
    )
    checks = [check for check in gate.demanded() if check.id in ("echo-hello", "half-close")]
    seen: list[str] = []
    failing = functools.partial(
        gate.failing, [Target.parse("mine:serve")], [Family.UNIX], seen.append, on_failure=lambda _: None, checks=checks
    )
    assert failing(python=bare) == {}
    assert len(seen) == len(checks) == 2
    failed = failing()
    assert set(failed["mine:serve", Family.UNIX]) <= {check.id for check in checks}


def test_versions_of_packages_are_those_of_the_interpreter(bare: Interpreter) -> None:
    targets = ["trio", "selectors", "asyncio+no-such-loop"]
    assert Interpreter.here().versions(targets) == {"trio": importlib.metadata.version("trio")}
    (packages,) = Path(bare.executable).parents[1].glob("lib/python*/site-packages")
    assert bare.versions(targets) == {}
    (packages / "trio-0.1.dist-info").mkdir()
    (packages / "trio-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: trio\nVersion: 0.1\n")
    assert bare.versions(targets) == {"trio": "0.1"}
    assert Interpreter("/bin/false", "CPython 3").versions(targets) == {}
