"""The summary of a job: new failures first, then counts; what is known and the matrix are folded."""

import dataclasses
import re

import pytest
from markdown_it import MarkdownIt

from tests.made_up_verdicts import EXPLANATION, document, outcome
from upecho.conformance.check import Level
from upecho.conformance.findings import Fault
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Family
from upecho.report.conformance.job_summary import MAX_FINDINGS, job_summary

pytestmark = pytest.mark.once

BOTH = (Family.INET, Family.UNIX)
PASSED = [outcome("echo-hello", family=family, target=target) for target in ("t", "u") for family in BOTH]
FAILED = [outcome("half-close", Verdict.FAILED, family=family) for family in BOTH]


def shown(verdicts: Document, *, strict: bool = False) -> str:
    return job_summary(verdicts, strict=strict)


@pytest.mark.parametrize(
    ("verdicts", "strict", "title"),
    [
        (document(PASSED), True, "passed"),
        (document([*PASSED, *FAILED]), False, "failed"),
        (document([*PASSED, outcome("s", Verdict.FAILED, level=Level.SHOULD)]), False, "passed"),
        (document([*PASSED, outcome("s", Verdict.FAILED, level=Level.SHOULD)]), True, "failed"),
        (document(PASSED, due=9), False, "incomplete"),
        (document(PASSED, unusable={"lost": "import failed"}), False, "failed"),
        (document([], unusable={"lost": "import failed"}), False, "failed"),
    ],
)
def test_title_says_how_the_run_ended(verdicts: Document, strict: bool, title: str) -> None:
    lines = shown(verdicts, strict=strict).splitlines()
    assert lines[0] == f"## upecho check: {title}"
    assert re.match(r"\d+ checks? due: \d+ passed, ", lines[2])


def test_failure_is_explained_with_the_command_that_repeats_it() -> None:
    text = shown(document([*PASSED, *FAILED, outcome("immediate", Verdict.FAILED)]))
    assert text.index("half-close") < text.index("| passed | inet | unix |")
    assert "**half-close** (MUST), failed: `t` over inet, unix\n" in text
    assert (
        "- requirement: The server does half-close.\n- expected: `FIN after 3 bytes`\n- seen: `RST after 2 bytes`\n"
        "- also failed over inet: immediate\n\n```sh\nupecho check t --family inet --check half-close\n```\n"
    ) in text


def test_check_that_was_not_run_has_a_cause_and_an_error_its_message() -> None:
    broken = outcome("odd", Verdict.ERROR, fault=Fault("OSError: odd"))
    text = shown(document([*PASSED, outcome("half-close", Verdict.NOT_RUN), broken]))
    assert "(MUST), not run: `t` over inet\n" in text
    assert "- cause: the server has ended\n" in text
    assert "- error: `OSError: odd`\n" in text


def test_counts_of_each_target_and_family_are_a_table_with_a_legend() -> None:
    text = shown(document([*PASSED, *FAILED]))
    assert "| passed | inet | unix |\n| --- | --- | --- |\n| `t` | 1/2 1F | 1/2 1F |\n| `u` | 1/1 | 1/1 |\n" in text
    assert "`.` passed, `F` failed\n" in text


def test_known_failures_are_folded_and_no_longer_failing_ones_are_not() -> None:
    known = outcome("half-close", Verdict.FAILED, known="no *FIN*")
    text = shown(document([*PASSED, known, outcome("stale", known="old")]))
    assert (
        "<details><summary>Known failures: 1</summary>\n\n- known failure: half-close: t over inet: no \\*FIN\\*"
        in text
    )
    assert "**half-close**" not in text
    assert "**Known failures that no longer fail**" in text
    assert "- `t` over inet: stale\n" in text


def test_matrix_is_folded_and_has_a_cell_for_each_target() -> None:
    text = shown(document([*PASSED, FAILED[1]]))
    folded = text[text.index("<details><summary>Every check</summary>") :]
    assert "| check | level | `t` | `u` |\n" in folded
    assert "| echo-hello | MUST | `..` | `..` |\n| half-close | MUST | `_F` |  |\n" in folded
    assert "from left to right: inet, unix; `_` without a verdict" in folded


def test_code_that_cannot_be_loaded_is_named() -> None:
    text = shown(document(PASSED, unusable={"a|b:serve": "import failed: <oops>"}))
    assert "**The code of `a|b:serve` could not be loaded:** import failed: \\<oops\\>\n" in text


def test_length_is_bounded() -> None:
    many = [
        outcome(
            f"check-{number}",
            Verdict.FAILED,
            target=f"target-{number}",
            explanation=dataclasses.replace(EXPLANATION, expected="x" * 300, repeat="x" * 3000),
        )
        for number in range(3 * MAX_FINDINGS)
    ]
    text = shown(document(many))
    assert f"… and {2 * MAX_FINDINGS} more causes.\n" in text
    assert text.count("```sh") == MAX_FINDINGS
    assert len(text.encode()) < 1 << 20


def test_markdown_has_the_structure_that_it_should() -> None:
    known = outcome("known", Verdict.FAILED, known="x")
    html = (
        MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .render(shown(document([*PASSED, *FAILED, known], unusable={"lost": "x"})))
    )
    assert html.count("<h2>") == 1
    assert html.count("<table>") == html.count("</table>") == 2
    assert html.count("<details>") == html.count("</details>") == 2
    assert html.count("<ul>") == 2
    assert html.count("<pre>") == 1
