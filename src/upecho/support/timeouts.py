"""Deadlines for events that must happen; every deadline is scaled here, so one variable serves slow machines."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager

from upecho.support.errors import CallerError

SCALE_VARIABLE = "UPECHO_DEADLINE_SCALE"
LARGEST_SCALE = 1000


def scaled(seconds: float) -> float:
    """Return a deadline multiplied by the scale that the environment variable sets, 1 by default.

    A deadline bounds how long an expected event may take. It does not measure quality, so stretching every deadline
    changes no verdict about a correct server.

    Args:
        seconds: The deadline on a machine of usual speed.

    Raises:
        CallerError: The variable is not a number above 0 and at most ``LARGEST_SCALE``.
    """
    text = os.environ.get(SCALE_VARIABLE, "1")
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 < scale <= LARGEST_SCALE:
        raise CallerError(f"{SCALE_VARIABLE} is {text!r}; it must be a number above 0, at most {LARGEST_SCALE}")
    return seconds * scale


def at_least(seconds: float) -> float:
    """Return a limit on how long something quick may take: a scale above 1 raises it, a scale below 1 does not.

    Args:
        seconds: The limit on a machine of usual speed.

    Raises:
        CallerError: As for ``scaled``.
    """
    return max(seconds, scaled(seconds))


@contextmanager
def stretched(factor: float) -> Iterator[None]:
    """Multiply the scale by a factor, for this process and for those that it starts, until the end of the block.

    Args:
        factor: How many times slower than usual something runs; 1 changes nothing.

    Raises:
        CallerError: As for ``scaled``.
    """
    before = os.environ.get(SCALE_VARIABLE)
    if factor != 1:
        os.environ[SCALE_VARIABLE] = f"{min(LARGEST_SCALE, scaled(factor)):g}"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SCALE_VARIABLE, None)
        else:
            os.environ[SCALE_VARIABLE] = before
