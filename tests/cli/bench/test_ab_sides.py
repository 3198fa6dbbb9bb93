"""The two sides of an A/B test, as users write them."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from upecho.cli.bench.ab_sides import Side, sides
from upecho.processes.interpreter import Interpreter
from upecho.support.errors import CallerError

HERE = Interpreter.here()
OLD, NEW = Interpreter("/old/python", "CPython 3.13.0"), Interpreter("/new/python", "CPython 3.13.0")
NAMED = {"old": OLD, "new": NEW}


def pair(*texts: str, targets: tuple[str, ...] = (), interpreters: Mapping[str, Interpreter] = NAMED) -> list[Side]:
    (found,) = sides((texts[0], texts[1]), targets, interpreters)
    return found


def test_two_targets() -> None:
    assert pair("asyncio", "asyncio+uvloop", interpreters={}) == [Side("asyncio"), Side("asyncio+uvloop")]


def test_two_targets_on_the_only_interpreter() -> None:
    only = {"old": OLD}
    assert pair("asyncio", "threads", interpreters=only) == [Side("asyncio", "old", OLD), Side("threads", "old", OLD)]


def test_targets_with_interpreters() -> None:
    assert pair("asyncio@old", "asyncio@new") == [Side("asyncio", "old", OLD), Side("asyncio", "new", NEW)]


@pytest.mark.parametrize("texts", [("@old", "@new"), ("old", "new")])
def test_interpreters_for_every_target(texts: tuple[str, str]) -> None:
    assert sides(texts, ["asyncio", "threads", "asyncio"], NAMED) == [
        [Side("asyncio", "old", OLD), Side("asyncio", "new", NEW)],
        [Side("threads", "old", OLD), Side("threads", "new", NEW)],
    ]


def test_equal_sides_have_different_names() -> None:
    assert pair("asyncio", "asyncio", interpreters={}) == [Side("asyncio", "base", HERE), Side("asyncio", "new", HERE)]
    assert pair("asyncio@old", "asyncio@old") == [Side("asyncio", "base", OLD), Side("asyncio", "new", OLD)]


def test_both_sides_run_in_the_same_way() -> None:
    found = pair("asyncio", f"asyncio@{sys.executable}", interpreters={})
    assert [(one.python, one.interpreter) for one in found] == [("", HERE), (sys.executable, HERE)]


def test_environment_need_not_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    for texts in (("a", "b"), ("@a", "@b"), ("threads@a", "threads@b")):
        targets = () if texts[0].startswith("threads") else ("threads",)
        base, new = pair(*texts, targets=targets, interpreters={})
        assert [(one.target, one.python) for one in (base, new)] == [("threads", "a"), ("threads", "b")]
        assert base.interpreter != new.interpreter


def test_command_and_address_may_contain_an_at_sign() -> None:
    command = "cmd:serve me@host {address}"
    assert pair(command, "unix:@name", interpreters={}) == [Side(command), Side("unix:@name")]


@pytest.mark.parametrize(
    ("texts", "targets", "line"),
    [
        (("asyncio@old", "@new"), (), "--ab: only 'asyncio' is a target; name two targets, or none"),
        (("@old", "@new"), (), "--ab: nothing to compare; name a target: upecho bench TARGET --ab @OLD @NEW"),
        (("asyncio@old", "asyncio@new"), ("threads",), "the targets to compare are those of --ab; leave out threads"),
        (("asyncio", "threads"), (), "'asyncio' has no interpreter; write asyncio@old, for example"),
        (("asyncio@olf", "asyncio@new"), (), "no program 'olf' on the PATH"),
        (("cmd:a {port}@old", "cmd:b {port}"), (), "'cmd:a {port}@old': a command is not run by an interpreter; "),
    ],
)
def test_sides_that_cannot_be_compared_are_an_error(
    texts: tuple[str, str], targets: tuple[str, ...], line: str
) -> None:
    with pytest.raises(CallerError) as caught:
        sides(texts, targets, NAMED)
    assert str(caught.value).startswith(line)
