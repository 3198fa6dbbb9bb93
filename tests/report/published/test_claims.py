"""A file of published claims is recognised by its content, and a wrong one is refused in one line that says why."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.claims.published import CLAIMS
from tests.report.page.samples import results
from upecho.report.page.inputs import files as inputs
from upecho.report.published.claims import is_claims_file, publications
from upecho.support import atomic_write

pytestmark = pytest.mark.once

CLAIM = """
[[blog.claims]]
claim = "a to b"
published = "2"
figures = "2 and 1"
conditions = "ten"
comparable = "yes"
remark = "It is near."
measure = { a = "a", b = "b", scenario = "latency", family = "inet" }
"""
SOURCE = """# A comment.
[blog]
title = "A blog"
source = "https://example.org"
date = "2026"
protocol = "echo"
client = "one"
connections = "1"
messages = "1 KiB"
limit = "none"
versions = "3.14"
machine = "one"
method = "once"
"""
MEASURE = 'measure = { a = "a", b = "b", scenario = "latency", family = "inet" }\n'


@pytest.fixture
def refused(refusal: Callable[..., str], tmp_path: Path) -> Callable[[str], str]:
    """Save a file of claims, expect that no page is made of it, and return the error without the directory."""

    def refused(text: str) -> str:
        path, output = tmp_path / "claims", tmp_path / "page.html"
        path.write_text(text)
        line = refusal("report", str(path), "--output", str(output))
        assert not output.exists()
        return line.replace(f"{tmp_path}/", "")

    return refused


def test_claims_are_recognised_without_the_ending_of_their_name(tmp_path: Path) -> None:
    path = tmp_path / "claims"
    path.write_text(SOURCE + CLAIM)
    found = inputs.read([path])
    assert found.claims == {"claims": publications(path)}
    assert not found.results


def test_published_claims_are_recognised() -> None:
    assert is_claims_file(CLAIMS)


@pytest.mark.parametrize("name", ["results.json", "results.json.gz"])
def test_results_are_no_claims(name: str, tmp_path: Path) -> None:
    atomic_write.save(tmp_path / name, results().to_json())
    assert not is_claims_file(tmp_path / name)


def test_pipe_is_left_to_be_read_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not is_claims_file(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (SOURCE + "x = 2 3", "claims is not TOML: Expected newline or end of document after a statement (at line 14, "),
        (
            SOURCE + CLAIM.replace('figures = "2 and 1"\n', ""),
            "claims: invalid file of claims: claims[0] has no 'figures'",
        ),
        (SOURCE.replace('date = "2026"\n', "") + CLAIM, "claims: invalid file of claims: it has no 'date'"),
        (SOURCE.replace('"2026"', "2026") + CLAIM, "claims: invalid file of claims: date is 2026, not a string"),
        (SOURCE + CLAIM + "odd = 1", "claims: invalid file of claims: claims[0] has an unknown 'odd'"),
        (SOURCE + "claims = 1", "claims: invalid file of claims: claims is 1, not a list"),
        (
            SOURCE + CLAIM.replace('"yes"', '"perhaps"'),
            "claims: invalid file of claims: claims[0].comparable is 'perhaps'",
        ),
        (
            SOURCE.replace("https:", "javascript:") + CLAIM,
            "claims: invalid file of claims: blog: the source is 'javascript://example.org'; it has to begin with https://",
        ),
        (
            SOURCE + CLAIM.replace(MEASURE, ""),
            "claims: invalid file of claims: blog: the claim 'a to b' has no measure, but comparable is 'yes'",
        ),
        (
            SOURCE + CLAIM.replace('"yes"', '"no"'),
            "claims: invalid file of claims: blog: the claim 'a to b' has a measure, but comparable is 'no'",
        ),
        ("[ten-1k]\nconnections = 10\n", "claims is not a file of claims: none of its tables has claims"),
    ],
    ids=["syntax", "field", "key", "type", "unknown", "list", "value", "address", "no measure", "measure", "scenarios"],
)
def test_wrong_file_is_refused(text: str, complaint: str, refused: Callable[[str], str]) -> None:
    assert refused(text).startswith(complaint)


def test_control_characters_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "claims.toml"
    path.write_text((SOURCE + CLAIM).replace("A blog", "A \\u001b[2J blog"))
    assert publications(path)[0].title == "A \\x1b[2J blog"
