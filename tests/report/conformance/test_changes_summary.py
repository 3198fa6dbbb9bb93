"""The summary of a comparison: what got worse first, and everything else folded."""

import dataclasses

import pytest

from tests.made_up_verdicts import document, outcome
from upecho.conformance.run.verdicts.changes import VerdictChanges
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.report.conformance.changes_summary import changes_summary

pytestmark = pytest.mark.once

OLD = document([outcome("echo-hello"), outcome(), outcome("mended", Verdict.FAILED), outcome(target="lost")])


def test_what_got_worse_comes_first() -> None:
    new = [outcome("echo-hello"), outcome(verdict=Verdict.FAILED), outcome("mended")]
    text = changes_summary(VerdictChanges(OLD, document(new, unusable={"lost": "import failed"})))
    assert text.startswith(
        "## upecho compare: worse\n\n3 verdicts compared; worse: 1 new failure, 1 target whose code could not be loaded"
        "; 1 mended\n\n**The code of `lost` could not be loaded:** import failed\n\n**half-close** (MUST), failed: `t` "
    )
    assert "- expected: `FIN after 3 bytes`\n" in text
    assert "\n```sh\nupecho check t --family inet --check half-close\n```\n" in text
    assert "<details><summary>Mended</summary>\n\n- t over inet: mended\n\n</details>\n" in text


def test_same_run_has_nothing_but_a_title_and_the_runs() -> None:
    text = changes_summary(VerdictChanges(OLD, dataclasses.replace(OLD, due=9)))
    assert text.startswith(
        "## upecho compare: nothing got worse\n\n4 verdicts compared; nothing got worse\n\nBASE: upecho "
    )
    assert "details" not in text
    assert "NEW was cut short: 5 of its verdicts are missing.\n" in text
