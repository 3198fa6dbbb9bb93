"""Numbers are shown with no more digits than are significant."""

import pytest

from upecho.report.figures import percent

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0%"),
        (1e-16, "0.0%"),
        (6e-6, "0.0006%"),
        (0.00049, "0.05%"),
        (0.001, "0.1%"),
        (0.012, "1.2%"),
        (0.5, "50%"),
        (20.0, ">999%"),
    ],
)
def test_small_share_is_shown_with_its_first_digit(share: float, text: str) -> None:
    assert percent(share) == text
