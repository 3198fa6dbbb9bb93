"""The servers and event loops that other packages add as entry points."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from upecho.support.errors import CallerError

if TYPE_CHECKING:
    from importlib.metadata import Distribution

MALFORMED = (TypeError, ValueError, AttributeError)  # importlib.metadata has no error of its own for such a file


def added(group: str) -> list[tuple[str, str]]:
    """Return what other packages add to a group of entry points: names, each with its ``module:attribute``.

    Raises:
        CallerError: The entry points of an installed distribution cannot be read, whichever group they belong to.
    """
    from importlib import metadata  # noqa: PLC0415 (slow, and what has a row in upecho never needs it)

    try:
        points = list(metadata.entry_points(group=group))
    except MALFORMED:
        broken = next((one for one in metadata.distributions() if _is_malformed(one)), None)
        if broken is None:
            raise
        raise CallerError(
            "its entry_points.txt is malformed",
            subject=f"the installed distribution {_described(broken)}",
            hint="reinstall or remove it",
        ) from None
    return [(point.name, point.value.partition("[")[0].strip()) for point in points]  # "module:attribute [extra]"


def _is_malformed(distribution: "Distribution") -> bool:
    try:
        list(distribution.entry_points)
    except MALFORMED:
        return True
    return False


def _described(distribution: "Distribution") -> str:
    """Return the name of a distribution, if it has one, and where it is."""
    return " ".join([*_name(distribution), f"in {distribution.locate_file('')}"])


def _name(distribution: "Distribution") -> Iterator[str]:
    try:
        yield from filter(None, [distribution.name])
    except MALFORMED:
        return
