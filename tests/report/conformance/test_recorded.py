"""The values that INFO checks recorded, as the report shows them."""

import pytest

from upecho.conformance.findings import Recorded
from upecho.report.conformance.recorded import span, written

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([Recorded(19.2, "KiB"), Recorded(22.6, "KiB")], "19-23 KiB"),
        ([Recorded(3.81, "ms"), Recorded(3.84, "ms")], "3.8 ms"),
        ([Recorded(-128.0, "KiB"), Recorded(0.0, "KiB")], "-128 to 0 KiB"),
        ([Recorded(-0.01, "KiB")], "0 KiB"),
        ([Recorded(text="no harm"), Recorded(text="no harm")], "no harm"),
        ([Recorded(text="none"), Recorded(1.0, "ms")], "1 ms; none"),
        ([Recorded(text="x" * 100)], "xxxxxxxxxxxxxxxxxxxxx..."),
    ],
)
def test_recorded_values_are_shown_as_a_range(values: list[Recorded], text: str) -> None:
    assert span(values) == text


@pytest.mark.parametrize(("value", "text"), [(9.94, "9.9"), (9.96, "10"), (10.4, "10"), (196000.4, "196 000")])
def test_numbers_are_rounded_to_significant_digits(value: float, text: str) -> None:
    assert written(value) == text
