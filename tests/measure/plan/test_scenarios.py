"""The steps of the size ladder differ in the message size only, and bound what is in flight."""

import dataclasses

import pytest

from upecho.measure.plan.scenarios import KIB, MIB, SCENARIOS, SUMMARIES

pytestmark = pytest.mark.once

STEPS = [one for one in SCENARIOS if one.ladder == "sizes"]


def test_size_ladder_has_the_sizes_that_authors_publish() -> None:
    assert [step.message_size for step in STEPS] == [64, KIB, 10 * KIB, 100 * KIB, MIB]
    assert [step.name for step in STEPS] == ["sizes-64B", "sizes-1KiB", "sizes-10KiB", "sizes-100KiB", "sizes-1MiB"]
    assert {step.title for step in STEPS} == {"sizes"}


def test_steps_differ_in_the_message_size_only() -> None:
    assert len({dataclasses.replace(step, name="", message_size=0) for step in STEPS}) == 1


def test_bytes_in_flight_are_bounded() -> None:
    assert max(step.connections * step.depth * step.message_size for step in STEPS) <= 16 * MIB


def test_summary_of_a_ladder_has_its_range_of_sizes() -> None:
    assert SUMMARIES["sizes"] == "16 connections, messages of 64 B to 1 MiB"
