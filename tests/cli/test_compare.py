"""``upecho compare``: exit statuses, and errors of one line."""

import dataclasses
import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up import CHAT, run
from upecho.cli.limit_parameter import QUANTITY_NAMES
from upecho.measure.results import FORMAT, Results

STEADY = [4.0, 4.04, 3.96, 4.0, 4.04, 3.96]
COSTLIER = [1.1 * cost for cost in STEADY]
BASE = run({"a": STEADY, "b": STEADY})

Save = Callable[[str, Results], str]
Main = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write results to a file, and return its path."""

    def save(name: str, results: Results) -> str:
        (tmp_path / name).write_text(results.to_json())
        return str(tmp_path / name)

    return save


@pytest.fixture
def main(upecho_here: Callable[..., tuple[int, str, str]]) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process; return its exit status, stdout and stderr."""
    return functools.partial(upecho_here, "compare")


@pytest.mark.parametrize(
    ("new", "percent", "status", "line"),
    [
        (run({"a": COSTLIER, "b": STEADY}), None, 0, ""),
        (
            run({"a": COSTLIER, "b": STEADY}),
            "5",
            1,
            "--fail-above cpu=5: CPU time per request above that of BASE by more: "
            "a over unix in chat (1.100 [1.085, 1.115])",
        ),
        (
            run({"a": COSTLIER, "b": STEADY}),
            "20",
            0,
            "--fail-above cpu=20: no CPU time per request is known to exceed that of BASE by more",
        ),
        (
            run({"a": STEADY, "b": STEADY}),
            "0",
            0,
            "--fail-above cpu=0: no CPU time per request is known to exceed that of BASE by more",
        ),
        (run({"a": COSTLIER[:2], "b": COSTLIER[:2]}), "5", 0, "--fail-above: undecided: 2 of 2 cells"),
        (
            run({"a": STEADY}),
            "5",
            0,
            "--fail-above cpu=5: no CPU time per request is known to exceed that of BASE by more",
        ),
        (run({"a": STEADY, "b": "1 reset"}), None, 0, ""),
        (
            run({"a": STEADY, "b": "1 reset"}),
            "1000",
            1,
            "--fail-above cpu=1000: no CPU time per request is known to exceed that of BASE by more "
            "--fail-above: broken since BASE: b over unix in chat",
        ),
    ],
)
def test_limit_decides_the_exit_status(
    new: Results, percent: str | None, status: int, line: str, *, save: Save, main: Main
) -> None:
    files = [save("base.json", BASE), save("new.json", new)]
    done, out, err = main(*files, *(["--fail-above", percent] if percent else []))
    assert (done, err) == (status, "")
    assert "over unix BASE µs NEW µs" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    if line:
        assert " ".join(out.split()).endswith(line)
    else:
        assert "--fail-above" not in out


def test_every_limit_is_reported(save: Save, main: Main) -> None:
    files = [save("base.json", BASE), save("new.json", run({"a": COSTLIER, "b": STEADY}))]
    options = ("--fail-above", "20", "--fail-above", "p99=10", "--fail-above", "memory=5")
    status, out, _ = main(*files, *options)
    assert status == 0
    text = " ".join(out.split())
    assert "--fail-above cpu=20: no CPU time per request is known to exceed that of BASE by more" in text
    assert "--fail-above p99=10: no p99 latency is known to exceed that of BASE by more" in text
    assert "--fail-above memory=5: undecided: no peak memory could be compared" in text


def test_same_file_twice_has_no_difference(save: Save, main: Main) -> None:
    file = save("same.json", BASE)
    status, out, _ = main(file, file, "--fail-above", "0")
    assert status == 0
    assert out.count(" 1.000 ") == out.count("no difference detected") == 2


def test_command_runs_in_its_own_process(save: Save, upecho: Callable[..., object]) -> None:
    file = save("same.json", BASE)
    done = upecho("compare", file, file)
    assert (done.returncode, done.stderr) == (0, "")  # type: ignore[attr-defined]


def test_command_imports_neither_pytest_nor_hypothesis(save: Save) -> None:
    file = save("same.json", BASE)
    code = (
        "import sys; from upecho.cli.commands import compare as c; "
        f"c.command([{file!r}, {file!r}], standalone_mode=False); "
        "print({'pytest', 'hypothesis'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize("length", [0, 1, 100, 1000, -100, -2])
@pytest.mark.parametrize("cut", [0, 1])
def test_truncated_file_is_an_error(length: int, cut: int, save: Save, refusal: Refusal) -> None:
    files = [save("base.json", BASE), save("new.json", BASE)]
    text = Path(files[cut]).read_text()
    Path(files[cut]).write_text(text[:length])
    assert refusal("compare", *files).startswith(
        f"{files[cut]}: not a file of results or verdicts: not JSON, or incomplete"
    )


def test_missing_part_is_an_error(save: Save, refusal: Refusal, tmp_path: Path) -> None:
    fields = json.loads(BASE.to_json())
    del fields["trials"]
    (tmp_path / "new.json").write_text(json.dumps(fields))
    line = refusal("compare", save("base.json", BASE), str(tmp_path / "new.json"))
    assert "new.json: invalid results file: it has no 'trials'" in line


@pytest.mark.parametrize(
    ("requests", "scenarios", "line"),
    [
        (0, 1, "trials[0] has requests without time, or time without requests"),
        (5, 0, "the scenario 'chat' is not described"),
    ],
)
def test_inconsistent_file_is_an_error(
    requests: int, scenarios: int, line: str, *, save: Save, refusal: Refusal, tmp_path: Path
) -> None:
    fields = json.loads(BASE.to_json())
    fields["trials"][0]["load"]["requests"] = requests
    fields["scenarios"] = fields["scenarios"][:scenarios]
    (tmp_path / "new.json").write_text(json.dumps(fields))
    found = refusal("compare", save("base.json", BASE), str(tmp_path / "new.json"))
    assert found == f"{tmp_path}/new.json: invalid results file: {line}; measure again with upecho bench --save"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (["scenarios", 0, "idle"], -64, "scenarios[0].idle is -64, which is less than 0"),
        (["scenarios", 0, "connections"], 0, "scenarios[0].connections is 0, which is less than 1"),
        (["trials", 1, "round"], 0, "trials[1].round is 0, which is less than 1"),
        (["trials", 1, "load", "latency", "p99_ns"], -0.5, "trials[1].load.latency.p99_ns is -0.5, not a whole number"),
        (["trials", 1, "load", "latency", "p99_ns"], -5, "trials[1].load.latency.p99_ns is -5, which is less than 0"),
        (["trials", 0, "throttling", "periods"], -1, "trials[0].throttling.periods is -1, which is less than 0"),
        (["environment", "cores", "servers"], [-1], "environment.cores.servers[0] is -1, which is less than 0"),
        (["window", "seconds"], -0.5, "window.seconds is -0.5, which is less than 0"),
    ],
)
def test_impossible_number_is_an_error(
    path: list[str | int], value: object, line: str, *, save: Save, refusal: Refusal, tmp_path: Path
) -> None:
    fields = part = json.loads(BASE.to_json())
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    (tmp_path / "new.json").write_text(json.dumps(fields))
    found = refusal("compare", save("base.json", BASE), str(tmp_path / "new.json"))
    assert found == f"{tmp_path}/new.json: invalid results file: {line}; measure again with upecho bench --save"


def test_other_version_is_an_error(save: Save, refusal: Refusal, tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text(json.dumps(json.loads(BASE.to_json()) | {"version": 1}))
    line = refusal("compare", save("base.json", BASE), str(tmp_path / "new.json"))
    assert line == (
        f"{tmp_path}/new.json: results file of version 1, but this upecho reads version {FORMAT.version}; "
        "measure again with upecho bench --save"
    )


def test_missing_or_unrelated_file_is_an_error(save: Save, refusal: Refusal, tmp_path: Path) -> None:
    base = save("base.json", BASE)
    assert refusal("compare", base, f"{tmp_path}/none") == f"cannot read {tmp_path}/none: No such file or directory"
    assert refusal("compare", f"{tmp_path}/none", base) == f"cannot read {tmp_path}/none: No such file or directory"
    assert refusal("compare", base, str(tmp_path)) == f"cannot read {tmp_path}: Is a directory"
    (tmp_path / "deep").write_text("[" * 100_000)
    assert refusal("compare", base, f"{tmp_path}/deep").startswith(
        f"{tmp_path}/deep: not a file of results or verdicts: not JSON"
    )
    (tmp_path / "text").write_text("[]")
    assert refusal("compare", base, f"{tmp_path}/text").startswith(
        f"{tmp_path}/text: not a file of results or verdicts: "
    )
    assert refusal("compare", "/dev/zero", base).startswith("/dev/zero: not a file of results or verdicts: not JSON")
    assert refusal("compare", "/dev/null", base).startswith("/dev/null: not a file of results or verdicts: not JSON")


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (
            run({"a": STEADY}, engine="python"),
            "BASE was measured with the load engine native and NEW with python, whose figures are not comparable; "
            "measure one of them again with --engine",
        ),
        (
            run({"a": STEADY}, scenarios=(dataclasses.replace(CHAT, message_size=64),)),
            "the scenario 'chat' is a different load in BASE and NEW: message_size 1024 and 64; measure both again "
            "with the same scenario",
        ),
        (
            run({"c": STEADY}),
            "nothing to compare: BASE has figures for 2 cells and NEW for 1, but none in common; target, family, "
            "scenario, cold and Python must be the same",
        ),
    ],
)
def test_runs_that_cannot_be_compared_are_an_error(new: Results, line: str, save: Save, refusal: Refusal) -> None:
    assert refusal("compare", save("base.json", BASE), save("new.json", new)) == line


LIMIT = f"it must be PERCENT or QUANTITY=PERCENT, with one of {QUANTITY_NAMES} and 0 to 1000 percent"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "Missing argument 'BASE.json' (see upecho compare --help)"),
        (["one.json"], "Missing argument 'NEW.json' (see upecho compare --help)"),
        (["a", "b", "c"], "Got unexpected extra argument (c) (see upecho compare --help)"),
        (["a", "b", "--fail-above", "nan"], "--fail-above is 'nan'; " + LIMIT),
        (["a", "b", "--fail-above", "-1"], "--fail-above is '-1'; " + LIMIT),
        (["a", "b", "--fail-above", "1001"], "--fail-above is '1001'; " + LIMIT),
        (
            ["a", "b", "--fail-above", "5", "--fail-above", "cpu=5"],
            "--fail-above limits cpu twice; give each quantity one limit",
        ),
    ],
)
def test_usage_error_is_one_line(arguments: list[str], line: str, refusal: Refusal) -> None:
    assert refusal("compare", *arguments) == line
