"""Formats numbers with no more digits than are significant."""

import math

from upecho.measure.statistics.ratios import Ratio

SMALLEST_SHARE = 1e-6  # what is smaller is an error of rounding
BAR_EIGHTHS = " ▏▎▍▌▋▊▉"


def three_digits(value: float) -> str:
    """Return a number with three significant digits and groups of thousands: ``3.81``, ``728``, ``196 000``."""
    if value <= 0:
        return "0"
    rounded = float(f"{value:.3g}")
    decimals = 2 - math.floor(math.log10(rounded))
    return f"{rounded:,.{max(0, min(2, decimals))}f}".replace(",", " ")


def significant(value: float, digits: int) -> float:
    """Return a number without the digits that are not significant, for a program that shows all it gets."""
    return float(f"{value:.{digits}g}")


def whole(value: float) -> str:
    """Return a number without decimals, with groups of thousands: ``19 548``."""
    return f"{value:,.0f}".replace(",", " ")


def percent(share: float) -> str:
    """Return a share as a percentage, with one decimal below 10%, or the first digit: ``0.003%``, ``1.2%``, ``23%``."""
    if share >= 10:
        return ">999%"
    if SMALLEST_SHARE <= share < 0.001:
        return f"{share:.{-math.floor(math.log10(share)) - 2}%}"
    return f"{share:.{1 if share < 0.1 else 0}%}"


def interval_text(ratio: Ratio) -> str:
    """Return a ratio with its interval: ``0.78 [0.77, 0.80]``."""
    return f"{ratio.ratio:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"


def bar(share: float, width: int) -> str:
    """Return a bar whose length is a share of the width, to an eighth of a character; a share above 0 is visible."""
    eighths = max(1, round(share * width * 8)) if share > 0 else 0
    full, rest = divmod(eighths, 8)
    return ("█" * full + BAR_EIGHTHS[rest]).rstrip()
