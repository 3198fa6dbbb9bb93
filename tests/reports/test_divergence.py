"""The page about where each event loop diverges, made from verdicts that are made up."""

import json
from pathlib import Path

import pytest

from tests.reports.divergence import page
from upecho.support.bounded_read import read_bounded

pytestmark = pytest.mark.once


def verdict(target: str, check: str, verdict: str, *follows_from: str, family: str = "inet") -> dict[str, object]:
    return {
        "target": target,
        "family": family,
        "check": check,
        "verdict": verdict,
        "follows_from": list(follows_from),
    }


def rendered(*verdicts: dict[str, object]) -> list[str]:
    return page([{"python": "CPython 3.14.8", "verdicts": list(verdicts)}]).splitlines()


def test_failed_check_leads_to_the_finding_that_explains_it() -> None:
    lines = rendered(verdict("asyncio+rloop", "half-close", "failed"))
    assert "| half-close | [**F**](findings/half-close-left-open.md) |" in lines


def test_failed_check_without_a_finding_is_shown() -> None:
    assert "| echo-hello | **F** |" in rendered(verdict("asyncio+rloop", "echo-hello", "failed"))


def test_method_that_is_not_implemented_leads_to_the_list_of_those() -> None:
    lines = rendered(verdict("asyncio+bracio", "echo-hello", "failed"))
    assert "| echo-hello | [**F**](findings/README.md#not-implemented) |" in lines


def test_check_that_was_not_run_counts_only_without_another_failure() -> None:
    lines = rendered(
        verdict("asyncio+rloop", "half-close", "not run"),
        verdict("asyncio+rloop", "reset-idle", "not run", "half-close"),
    )
    assert any(line.startswith("| half-close |") for line in lines)
    assert not any(line.startswith("| reset-idle |") for line in lines)


def test_only_the_first_check_is_shown_of_a_server_that_does_not_answer() -> None:
    lines = rendered(
        verdict("asyncio-sock+uringcore", "words-as-data", "failed"),
        verdict("asyncio-sock+uringcore", "echo-hello", "failed"),
        verdict("asyncio+uringcore", "words-as-data", "passed"),
    )
    assert any(line.startswith("| echo-hello |") for line in lines)
    assert not any(line.startswith("| words-as-data |") for line in lines)


def test_loop_fails_if_one_of_its_servers_does() -> None:
    lines = rendered(
        verdict("asyncio+zloop", "fd-exhaustion", "failed"),
        verdict("asyncio-sock+zloop", "fd-exhaustion", "passed"),
    )
    assert "| check | zloop |" in lines
    assert "Without failures: none." in lines


def test_loop_without_failures_is_named_for_each_family() -> None:
    lines = rendered(
        verdict("asyncio+uvloop", "half-close", "passed"),
        verdict("asyncio+uvloop", "half-close", "passed", family="unix"),
    )
    assert [line for line in lines if line.startswith(("## ", "Without"))] == [
        "## Over inet",
        "Without failures: uvloop.",
        "## Over unix",
        "Without failures: uvloop.",
    ]


def test_loop_that_does_not_support_a_family_is_not_named() -> None:
    lines = rendered(
        verdict("asyncio+uvloop", "half-close", "passed", family="unix"),
        verdict("asyncio+rloop", "half-close", "unsupported", family="unix"),
    )
    assert "Without failures: uvloop." in lines


def test_framework_is_named_by_its_server() -> None:
    lines = rendered(
        verdict("asyncio+uvloop", "half-close", "passed"),
        verdict("trio", "half-close", "passed"),
        verdict("tornado", "half-close", "failed"),
    )
    assert "Without failures: uvloop, trio." in lines
    assert "| check | tornado |" in lines
    assert any("the servers asyncio, each framework with its own server" in line for line in lines)


def test_published_page_is_what_is_generated_from_the_published_verdicts() -> None:
    files = sorted(Path("reports").glob("verdicts-*.json.gz"))
    assert files
    assert Path("reports/divergence.md").read_text() == page(json.loads(read_bounded(file)) for file in files)
