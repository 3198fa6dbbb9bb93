"""Verdicts survive the way through a file, and anything that is no verdicts file is refused in one line."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made_up_verdicts import document, outcome
from upecho.conformance.check import Level
from upecho.conformance.findings import Fault, Recorded
from upecho.conformance.run.verdicts.document import Document, read_verdicts
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.support import atomic_write
from upecho.support.errors import CallerError

DOCUMENT = document(
    [
        outcome("echo-hello"),
        outcome("half-close", Verdict.FAILED, known="é", flaky=True),
        outcome("half-close", Verdict.FAILED, family=Family.ABSTRACT),
        outcome("order-preserved", Verdict.NOT_RUN, follows_from=("half-close",)),
        outcome("fd-exhaustion", Verdict.ERROR, level=Level.SHOULD, fault=Fault("OSError: odd", "serve, x.py:1")),
        outcome("memory", level=Level.INFO, recorded=Recorded(1.5, "KiB")),
        outcome("memory", Verdict.UNSUPPORTED, target="u", level=Level.INFO, unsupported="a limit", works_anyway=True),
    ],
    due=9,
    unusable={"broken:serve": "import failed"},
)

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("name", ["verdicts.json", "verdicts.json.gz"])
def test_verdicts_survive_a_file(name: str, tmp_path: Path) -> None:
    atomic_write.save(tmp_path / name, DOCUMENT.to_json())
    assert read_verdicts(tmp_path / name) == DOCUMENT
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")


def test_keys_of_later_versions_are_ignored() -> None:
    fields = json.loads(DOCUMENT.to_json()) | {"more": 1}
    fields["verdicts"][1]["explanation"]["more"] = []
    fields["checks"]["half-close"]["more"] = {}
    assert Document.from_document(fields) == DOCUMENT


def test_verdicts_that_were_written_before_they_had_links_are_read() -> None:
    fields = json.loads(DOCUMENT.to_json())
    assert all(one.pop("link") == "" for one in fields["verdicts"])
    assert Document.from_document(fields) == DOCUMENT


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("CPython 3.13.5 experimental free-threading build", "CPython 3.13.5 free-threaded"),
        ("CPython 3.14.0 free-threading build", "CPython 3.14.0 free-threaded"),
        ("CPython 3.14.0 free-threaded", "CPython 3.14.0 free-threaded"),
        ("CPython 3.14.0", "CPython 3.14.0"),
    ],
)
def test_free_threaded_build_has_one_name_whichever_version_of_upecho_wrote_the_file(written: str, read: str) -> None:
    assert Document.from_document(json.loads(DOCUMENT.to_json()) | {"python": written}).python == read


def test_document_names_the_python_as_results_do() -> None:
    assert DOCUMENT.python == Interpreter.here().version


@pytest.mark.parametrize("length", [0, 1, 1000, -2])
def test_truncated_file_is_refused(length: int, tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_text(DOCUMENT.to_json()[:length])
    with pytest.raises(
        CallerError, match=rf"^{file}: not a verdicts file: not JSON, or incomplete \(.+\); give a file that "
    ):
        read_verdicts(file)


def test_truncated_compressed_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cut.json.gz"
    file.write_bytes(gzip.compress(DOCUMENT.to_json().encode())[:-9])
    with pytest.raises(CallerError, match=rf"^{file}: the compressed file is incomplete; give a file that "):
        read_verdicts(file)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xff\xfe", "{file}: not a verdicts file: not UTF-8 text"),
        (b"[]", '{file}: not a verdicts file: "schema" is not "upecho-verdicts"'),
        (b'{"schema": "upecho-results", "version": 6}', '{file}: not a verdicts file: "schema" is not "upecho-'),
        (
            b'{"schema": "upecho-verdicts", "version": 3}',
            "{file}: verdicts file of version 3, but this upecho reads version 2; update upecho",
        ),
        (
            b'{"schema": "upecho-verdicts", "version": 1}',
            "{file}: verdicts file of version 1, but this upecho reads version 2; check again with upecho check --json",
        ),
        (b'{"schema": "upecho-verdicts"}', "{file}: verdicts file of version None, but"),
        (b'{"schema": "upecho-verdicts", "version": 2}', "{file}: invalid verdicts file: it has no 'checks'"),
    ],
)
def test_other_content_is_refused(content: bytes, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_bytes(content)
    with pytest.raises(CallerError) as refused:
        read_verdicts(file)
    assert str(refused.value).startswith(complaint.format(file=file))
    assert "\n" not in str(refused.value)


def test_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=rf"^cannot read {tmp_path}/none: No such file or directory$"):
        read_verdicts(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda fields: fields.pop("due"), "it has no 'due'"),
        (lambda fields: fields["verdicts"][0].pop("known"), r"verdicts\[0\] has no 'known'"),
        (
            lambda fields: fields["verdicts"][0].update(verdict="great"),
            r"verdicts\[0\].verdict is 'great', not one of ",
        ),
        (lambda fields: fields["verdicts"][0].update(seconds=-1), r"verdicts\[0\].seconds is -1, which is less than 0"),
        (
            lambda fields: fields["verdicts"][0].update(level="INFO"),
            r"verdicts\[0\].level is INFO, but the level of echo",
        ),
        (lambda fields: fields["checks"].pop("memory"), r"verdicts\[5\] is about the check 'memory', which is not "),
        (lambda fields: fields["verdicts"].append(fields["verdicts"][0]), r"verdicts\[7\] is another verdict of echo-"),
        (lambda fields: fields.update(due=6), "due is 6, but there are 7 verdicts"),
        (lambda fields: fields["counts"].update(passed=3), "counts are not those of the verdicts"),
        (lambda fields: fields["counts"].update(great=0), "counts is 'great', not one of passed, "),
        (lambda fields: fields["verdicts"].pop(), "counts are not those of the verdicts"),
    ],
)
def test_what_no_run_can_have_produced_is_refused(change: Change, complaint: str) -> None:
    fields = json.loads(DOCUMENT.to_json())
    change(fields)
    with pytest.raises(CallerError, match=f"^invalid verdicts file: {complaint}"):
        Document.from_document(fields)


def test_control_characters_are_escaped() -> None:
    target, clear = "cmd:\x1b[2J", r"cmd:\x1b[2J"
    dangerous = document([outcome(target=target, known="a\x9bb\n")], unusable={target: "\x07"})
    read = Document.from_document(json.loads(dangerous.to_json()))
    assert (read.verdicts[0].target, read.verdicts[0].known) == (clear, "a\\x9bb\n")
    assert read.unusable == {clear: r"\x07"}


def test_document_that_is_nested_too_deeply_is_refused() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(
        CallerError, match=r"^invalid verdicts file: it is nested too deeply; check again with upecho check --json$"
    ):
        Document.from_document(json.loads(DOCUMENT.to_json()) | {"more": deep})
