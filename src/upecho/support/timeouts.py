"""How long to wait for an event that ought to come: every deadline goes through here."""

import math
import os

from upecho.support.errors import CallerError

SCALE_VARIABLE = "UPECHO_DEADLINE_SCALE"
LARGEST_SCALE = 1000


def seconds(usual: float) -> float:
    """Return a deadline in seconds, stretched for slow machines by the environment variable.

    A deadline bounds how long an expected event may take; it is no measure of quality, so stretching all of them
    changes no verdict about a server that behaves.

    Raises:
        CallerError: the variable is not a positive number.
    """
    text = os.environ.get(SCALE_VARIABLE, "1")
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 < scale <= LARGEST_SCALE:
        raise CallerError(f"{SCALE_VARIABLE} is {text!r}; it must be a number above 0, at most {LARGEST_SCALE}")
    return usual * scale


def limit(usual: float) -> float:
    """Return how long something may take that is to be quick: a slow machine gets more, but nobody gets less."""
    return max(usual, seconds(usual))
