"""Files that are not what a command reads: one line that names the file and says what to do, and exit status 2.

Each command is tried with each kind of wrong file, in each place where it takes one.
"""

import dataclasses
import gzip
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.made_up import MACHINE, run
from tests.made_up_verdicts import document, outcome
from upecho.support import bounded_read

STEADY = [4.0, 4.04, 3.96, 4.0, 4.04, 3.96]
RESULTS = run({"native": STEADY, "a": STEADY})
EARLIER = run({"native": STEADY, "a": STEADY[::-1]})
VERDICTS = document([outcome("echo-hello"), outcome()])
TEXTS = {"results": RESULTS.to_json(), "verdicts": VERDICTS.to_json()}
HASH, DATE = "0123456789abcdef0123456789abcdef01234567", "2026-01-02T03:04:05+01:00"
OUT, GOOD, BAD = "OUT", "GOOD", "BAD"  # in a command line: a file to write, a right file, and the wrong one

COMMANDS = {
    "show": ["show", BAD],
    "show --reference": ["show", BAD, "--reference", "a"],
    "export for github-action-benchmark": ["export", BAD, "--format", "github-action-benchmark", "--output", OUT],
    "export for asv": ["export", BAD, "--format", "asv", "--commit", HASH, "--commit-date", DATE, "--output", OUT],
    "compare, BASE": ["compare", BAD, GOOD],
    "compare, NEW": ["compare", GOOD, BAD],
    "report": ["report", BAD, "--output", OUT],
    "report --text": ["report", BAD, "--text"],
    "report, second": ["report", GOOD, BAD, "--output", OUT],
    "report --base": ["report", GOOD, "--base", BAD, "--output", OUT],
}
RESULTS_ONLY = ("show", "export")  # the commands that do not read verdicts

Main = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]
Make = Callable[[Path, str], object]


def compressed(text: str) -> bytearray:
    return bytearray(gzip.compress(text.encode()))


def wrong_checksum(text: str) -> bytearray:
    content = compressed(text)
    content[-8] ^= 0xFF
    return content


def with_number(text: str, number: str) -> str:
    """Return a document in which one number is another one."""
    key = '"seconds": ' if '"seconds": ' in text else '"budget_seconds": '
    before, _, after = text.partition(key)
    end = min(after.index(mark) for mark in ",}\n" if mark in after)
    return f"{before}{key}{number}{after[end:]}"


def with_keys(text: str, **keys: Any) -> str:
    return json.dumps(json.loads(text) | keys)


def pipe(path: Path, _: str) -> None:
    os.mkfifo(path)


def directory(path: Path, _: str) -> None:
    path.mkdir()


def loop(path: Path, _: str) -> None:
    path.symlink_to(path)


def listener(path: Path, _: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


def text(content: Callable[[str], str]) -> Make:
    return lambda path, right: path.write_text(content(right))


def data(content: Callable[[str], bytes | bytearray]) -> Make:
    return lambda path, right: path.write_bytes(content(right))


# How each kind is made from the text of a right file, and what is said about it.
KINDS: dict[str, tuple[Make, str]] = {
    "missing": (lambda path, _: None, "cannot read {}: No such file or directory"),
    "directory": (directory, "cannot read {}: Is a directory"),
    "link to itself": (loop, "cannot read {}: Too many levels of symbolic links"),
    "socket": (listener, "cannot read {}: No such device or address"),
    "pipe": (pipe, "{}: the end of the file did not come within 0.1 s; give a file that "),
    "empty": (text(lambda _: ""), "{}: not a KIND: not JSON, or incomplete (Expecting value: line 1 "),
    "first byte": (text(lambda right: right[:1]), "{}: not a KIND: not JSON, or incomplete ("),
    "half": (text(lambda right: right[: len(right) // 2]), "{}: not a KIND: not JSON, or incomplete ("),
    "without the last brace": (text(lambda right: right.rstrip()[:-1]), "{}: not a KIND: not JSON, or incomplete ("),
    "two documents": (text(lambda right: right + right), "{}: not a KIND: not JSON, or incomplete (Extra data: "),
    "truncated gzip": (data(lambda right: compressed(right)[:-9]), "{}: the compressed file is incomplete; give a "),
    "gzip without its end": (data(lambda right: compressed(right)[:-1]), "{}: the compressed file is incomplete; giv"),
    "gzip with a wrong checksum": (data(wrong_checksum), "{}: the compressed file is damaged; give a file that "),
    "only the mark of gzip": (data(lambda _: b"\x1f\x8b"), "{}: the compressed file is incomplete; give a file that "),
    "mark of gzip before text": (
        data(lambda right: b"\x1f\x8b" + right.encode()),
        "{}: the compressed file is damaged; give a file that ",
    ),
    "gzip of nothing": (data(lambda _: compressed("")), "{}: not a KIND: not JSON, or incomplete (Expecting value: "),
    "gzip and more": (
        data(lambda right: compressed(right) + b"x"),
        "{}: the compressed file has data after its end; give a file that ",
    ),
    "HTML": (text(lambda _: "<html>\x1b[31m"), "{}: not a KIND: not JSON, or incomplete (Expecting value: "),
    "array": (text(lambda right: f"[{right}]"), '{}: not a KIND: "schema" is not '),
    "number": (text(lambda _: "1"), '{}: not a KIND: "schema" is not '),
    "null": (text(lambda _: "null"), '{}: not a KIND: "schema" is not '),
    "empty object": (text(lambda _: "{}"), '{}: not a KIND: "schema" is not '),
    "foreign object": (text(lambda _: '{"schema": "\\u001b[31m", "version": 1}'), '{}: not a KIND: "schema" is not '),
    "deep": (text(lambda _: "[" * 100_000), "{}: not a KIND: not JSON, or incomplete ("),
    "newer": (
        text(lambda right: with_keys(right, version=99)),
        "{}: NAME of version 99, but this upecho reads version VERSION; update upecho",
    ),
    "older": (
        text(lambda right: with_keys(right, version=1)),
        "{}: NAME of version 1, but this upecho reads version VERSION; AGAIN",
    ),
    "text as version": (
        text(lambda right: with_keys(right, version="\x1b")),
        "{}: NAME of version '\\x1b', but this upecho reads version VERSION; AGAIN",
    ),
    "missing part": (text(lambda right: right.replace('"version"', '"versions"', 1)), "{}: NAME of version None, but "),
    "NaN": (text(lambda right: with_number(right, "NaN")), "{}: invalid NAME: NUMBER is nan, not a number; AGAIN"),
    "Infinity": (text(lambda right: with_number(right, "-Infinity")), "{}: invalid NAME: NUMBER is -inf, not a number"),
    "huge": (
        text(lambda right: with_number(right, "1e300")),
        "{}: invalid NAME: NUMBER is 1e+300, not a number; AGAIN",
    ),
    "above the largest float": (text(lambda right: with_number(right, "1e999")), "{}: invalid NAME: NUMBER is inf, "),
    "5000 digits": (text(lambda right: with_number(right, "9" * 5000)), "{}: not a KIND: not JSON, or incomplete ("),
    "negative": (
        text(lambda right: with_number(right, "-1")),
        "{}: invalid NAME: NUMBER is -1, which is less than 0; ",
    ),
    "text as number": (
        text(lambda right: with_number(right, '"\\u001b[31m"')),
        "{}: invalid NAME: NUMBER is '\\\\x1b[31m', not a number; AGAIN",
    ),
    "binary": (data(lambda _: bytes(range(255, 0, -1))), "{}: not a KIND: not UTF-8 text; give a file that "),
    "zeros": (data(lambda _: bytes(5000)), "{}: not a KIND: not JSON, or incomplete ("),
    "UTF-16": (data(lambda right: right.encode("utf-16-le")), "{}: not a KIND: not JSON, or incomplete ("),
}
NAMES = {  # in the lines above
    "results": {"NAME": "results file", "VERSION": "6", "AGAIN": "measure again with upecho bench --save"},
    "verdicts": {"NAME": "verdicts file", "VERSION": "2", "AGAIN": "check again with upecho check --json"},
}
NUMBERS = {"results": "window.seconds", "verdicts": "verdicts[0].seconds"}


def cases() -> Iterator[Any]:
    """Yield each command with each kind of file, and with each content that it reads."""
    for command, words in COMMANDS.items():
        for content in ("results",) if words[0] in RESULTS_ONLY else ("results", "verdicts"):
            for kind in KINDS:
                yield pytest.param(words, content, kind, id=f"{command}-{kind}-{content}")


def expected(kind: str, content: str, *, path: Path, is_either: bool) -> str:
    """Return how the line begins, or the line itself."""
    line = KINDS[kind][1].replace("KIND", "file of results or verdicts" if is_either else NAMES[content]["NAME"])
    for mark, name in {**NAMES[content], "NUMBER": NUMBERS[content]}.items():
        line = line.replace(mark, name)
    return line.replace("{}", str(path))


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bounded_read, "TIMEOUT_SECONDS", 0.1)
    monkeypatch.chdir(tmp_path)  # a path of a socket has to be short


@pytest.mark.parametrize(("words", "content", "kind"), list(cases()))
def test_wrong_file_is_one_line_that_names_it(
    words: list[str], content: str, kind: str, *, tmp_path: Path, refusal: Refusal
) -> None:
    bad, good, out = tmp_path / "bad.json", tmp_path / "good.json", tmp_path / "out.html"
    KINDS[kind][0](bad, TEXTS[content])
    good.write_text(TEXTS[content])
    places = {BAD: str(bad), GOOD: str(good), OUT: str(out)}
    line = refusal(*(places.get(word, word) for word in words))
    assert line.startswith(expected(kind, content, path=bad, is_either=words[0] not in RESULTS_ONLY))
    assert line.isprintable()
    assert line.startswith("cannot read ") or "; " in line  # what to do, unless the system says what is wrong
    assert not out.exists()


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_unreadable_file_is_one_line_that_names_it(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    opened = os.open

    def refusing(path: Any, *more: Any, **options: Any) -> int:
        if Path(path) == bad:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *more, **options)

    for path in (bad, good):
        path.write_text(TEXTS["results"])
    monkeypatch.setattr(os, "open", refusing)  # a test that runs as root could read any file
    places = {BAD: str(bad), GOOD: str(good), OUT: str(tmp_path / "out.html")}
    assert refusal(*(places.get(word, word) for word in words)) == f"cannot read {bad}: Permission denied"


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_control_characters_of_a_name_do_not_reach_the_terminal(
    words: list[str], tmp_path: Path, refusal: Refusal
) -> None:
    good = tmp_path / "good.json"
    good.write_text(TEXTS["results"])
    places = {BAD: "\x1b[31m\nbad", GOOD: str(good), OUT: str(tmp_path / "out.html")}
    line = refusal(*(places.get(word, word) for word in words))
    assert line == "cannot read \\x1b[31m bad: No such file or directory"


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_right_files_are_read_whatever_their_names_are(words: list[str], tmp_path: Path, upecho_here: Main) -> None:
    """A file that is not compressed may end in .gz, and a compressed one in .json."""
    pytest.importorskip("vl_convert", reason="the extra report is not installed")
    (tmp_path / "bad.json.gz").write_text(RESULTS.to_json())
    (tmp_path / "good.json").write_bytes(gzip.compress(EARLIER.to_json().encode()))
    places = {BAD: "bad.json.gz", GOOD: "good.json", OUT: "out.html"}
    status, _, err = upecho_here(*(places.get(word, word) for word in words))
    assert (status, err) == (0, "")


@pytest.mark.parametrize("words", [words for words in COMMANDS.values() if words[0] in RESULTS_ONLY])
def test_verdicts_where_results_are_wanted_are_refused(words: list[str], tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "bad.json").write_text(VERDICTS.to_json())
    places = {BAD: "bad.json", OUT: "out.html"}
    assert refusal(*(places.get(word, word) for word in words)) == (
        'bad.json: not a results file: "schema" is not "upecho-results"; give a file that upecho bench --save has '
        "written"
    )
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize("order", [1, -1])
def test_results_and_verdicts_are_not_compared(order: int, tmp_path: Path, refusal: Refusal) -> None:
    files = ["results.json", "verdicts.json"][::order]
    for name, content in TEXTS.items():
        (tmp_path / f"{name}.json").write_text(content)
    assert refusal("compare", *files) == (
        f"one of {files[0]} and {files[1]} contains results and the other verdicts; compare two files of the same kind"
    )
    assert refusal("report", files[0], "--base", files[1], "--output", "out.html").startswith(
        f"--base {files[1]}: it conta"
    )
    assert not (tmp_path / "out.html").exists()


OTHERS = {
    "machine": dataclasses.replace(RESULTS, environment=dataclasses.replace(MACHINE, cpu="B CPU")),
    "engine": run({"native": STEADY, "a": STEADY}, engine="python"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_figures_that_are_not_comparable_are_refused_in_one_ranking(
    what: str, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "a.json").write_text(RESULTS.to_json())
    (tmp_path / "b.json").write_text(OTHERS[what].to_json())
    line = refusal("report", "a.json", "b.json", "--output", "out.html")
    assert line.startswith("a.json and b.json: one was measured with ")
    assert "are not comparable; " in line
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize(
    "words", [["compare", "a.json", "b.json"], ["report", "b.json", "--base", "a.json", "--output", "out.html"]]
)
def test_runs_of_two_engines_are_not_compared(words: list[str], tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "a.json").write_text(RESULTS.to_json())
    (tmp_path / "b.json").write_text(OTHERS["engine"].to_json())
    assert refusal(*words).endswith(
        "BASE was measured with the load engine native and NEW with python, whose figures are not comparable; measure "
        "one of them again with --engine"
    )


@pytest.mark.parametrize(
    "words", [["compare", "a.json", "b.json"], ["report", "b.json", "--base", "a.json", "--output", "out.html"]]
)
def test_runs_of_two_machines_are_compared_with_a_caution(words: list[str], tmp_path: Path, upecho_here: Main) -> None:
    pytest.importorskip("vl_convert", reason="the extra report is not installed")
    (tmp_path / "a.json").write_text(RESULTS.to_json())
    (tmp_path / "b.json").write_text(OTHERS["machine"].to_json())
    status, out, err = upecho_here(*words)
    assert (status, err) == (0, "")
    shown = (tmp_path / "out.html").read_text() if words[0] == "report" else " ".join(out.split())
    assert "different machines: A CPU and B CPU; the ratios include that difference" in shown


def test_same_file_twice_is_refused_on_a_page(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "a.json").write_text(RESULTS.to_json())
    assert refusal("report", "a.json", "a.json", "--output", "out.html") == (
        "two files a.json: the page names its sources by file name; leave one of them out, or rename it"
    )
    assert refusal("report", "a.json", "--base", "a.json", "--output", "out.html") == (
        "--base a.json and a.json: both contain the same run; give an earlier run with --base"
    )


def test_same_file_twice_has_no_difference_in_compare(tmp_path: Path, upecho_here: Main) -> None:
    (tmp_path / "a.json").write_text(RESULTS.to_json())
    status, out, err = upecho_here("compare", "a.json", "a.json", "--fail-above", "0")
    assert (status, err) == (0, "")
    assert "no difference detected" in out


def test_run_without_figures_is_not_exported(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "a.json").write_text(run({"a": "1 reset"}).to_json())
    words = ["export", "a.json", "--format", "github-action-benchmark", "--output", "out.html"]
    assert refusal(*words) == "a.json: the run has no figures"
    assert not (tmp_path / "out.html").exists()
