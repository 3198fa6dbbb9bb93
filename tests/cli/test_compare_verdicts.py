"""``upecho compare`` with two files of verdicts: the exit status, and what is refused."""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.made_up import run
from tests.made_up_verdicts import document, outcome
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.support import atomic_write

BASE = document([outcome("echo-hello"), outcome()])
WORSE = document([outcome("echo-hello"), outcome(verdict=Verdict.FAILED)])
KNOWN = document([outcome("echo-hello"), outcome(verdict=Verdict.FAILED, known="no FIN")])

Save = Callable[[str, Document], str]
Main = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write verdicts to a file, and return its path."""

    def save(name: str, verdicts: Document) -> str:
        atomic_write.save(tmp_path / name, verdicts.to_json())
        return str(tmp_path / name)

    return save


@pytest.fixture
def main(upecho_here: Main) -> Main:
    """Run the command in this process; return its exit status, stdout and stderr."""
    return functools.partial(upecho_here, "compare")


@pytest.mark.parametrize(
    ("base", "new", "status", "conclusion"),
    [
        (BASE, BASE, 0, "2 verdicts compared; nothing got worse"),
        (BASE, WORSE, 1, "2 verdicts compared; worse: 1 new failure"),
        (BASE, KNOWN, 0, "2 verdicts compared; nothing got worse"),
        (WORSE, BASE, 0, "2 verdicts compared; nothing got worse; 1 mended"),
        (WORSE, WORSE, 0, "2 verdicts compared; nothing got worse"),
        (BASE, document([outcome()], unusable={"t2": "x"}), 0, "1 verdict compared; nothing got worse"),
        (
            BASE,
            document([], unusable={"t": "x"}),
            1,
            "0 verdicts compared; worse: 1 target whose code could not be loa",
        ),
    ],
)
def test_what_got_worse_decides_the_exit_status(
    base: Document, new: Document, status: int, conclusion: str, *, save: Save, main: Main
) -> None:
    done, out, err = main(save("base.json", base), save("new.json.gz", new))
    assert (done, err) == (status, "")
    assert out.splitlines()[-1].startswith(conclusion)
    assert "\x1b" not in out


def test_command_runs_in_its_own_process(save: Save, upecho: Callable[..., object]) -> None:
    done = upecho("compare", save("base.json", BASE), save("new.json", WORSE))
    assert (done.returncode, done.stderr) == (1, "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("order", [1, -1])
def test_results_and_verdicts_are_not_mixed(order: int, save: Save, tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "results.json").write_text(run({"a": [4.0]}).to_json())
    files = [save("verdicts.json", BASE), str(tmp_path / "results.json")][::order]
    assert refusal("compare", *files) == (
        f"one of {files[0]} and {files[1]} contains results and the other verdicts; compare two files of the same kind"
    )


def test_options_for_results_are_refused(save: Save, refusal: Refusal) -> None:
    file = save("verdicts.json", BASE)
    said = refusal("compare", file, file, "--fail-above", "5")
    assert said == "--fail-above is for results; what got worse in verdicts always fails"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "not a file of results or verdicts: not JSON, or incomplete ("),
        ("{", "not a file of results or verdicts: not JSON, or incomplete ("),
        ('{"schema": "other"}', 'not a file of results or verdicts: "schema" is not "upecho-results" or "upecho-verd'),
        ('{"schema": ["upecho-results"]}', 'not a file of results or verdicts: "schema" is not '),
        (
            '{"schema": "upecho-verdicts", "version": 9}',
            "verdicts file of version 9, but this upecho reads version 2; ",
        ),
        (json.dumps(json.loads(BASE.to_json()) | {"due": 0}), "invalid verdicts file: due is 0, but there are 2 verd"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_wrong_file_is_refused(
    content: str, complaint: str, place: int, *, save: Save, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "wrong.json").write_text(content)
    files: Sequence[str] = [save("right.json", BASE), str(tmp_path / "wrong.json")][:: 1 if place else -1]
    assert refusal("compare", *files).startswith(f"{tmp_path}/wrong.json: {complaint}")


def test_runs_about_different_targets_are_refused(save: Save, refusal: Refusal) -> None:
    other = document([outcome(target="other")])
    assert refusal("compare", save("base.json", BASE), save("new.json", other)) == (
        "nothing to compare: BASE has 2 verdicts and NEW has 1, but none in common; target, family and check must be "
        "the same"
    )


def test_summary_is_written_as_markdown(save: Save, main: Main, tmp_path: Path) -> None:
    status, _, _ = main(save("base.json", BASE), save("new.json", WORSE), "--summary", str(tmp_path / "summary.md"))
    assert status == 1
    assert (
        (tmp_path / "summary.md").read_text().startswith("## upecho compare: worse\n\n2 verdicts compared; worse: 1 ")
    )


def test_summary_of_results_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "results.json").write_text(run({"a": [4.0]}).to_json())
    file = str(tmp_path / "results.json")
    assert refusal("compare", file, file, "--summary", "x.md") == "--summary is for verdicts"
    assert list(tmp_path.iterdir()) == [tmp_path / "results.json"]


def test_summary_that_cannot_be_written_is_one_line(save: Save, refusal: Refusal) -> None:
    file = save("base.json", BASE)
    said = refusal("compare", file, file, "--summary", "/no/such/directory/x.md")
    assert said == "cannot write /no/such/directory/x.md: No such file or directory"
