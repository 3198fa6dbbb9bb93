"""The built-in servers that are correct and that this Python can run."""

from upecho.net.address import Family
from upecho.serving import limits
from upecho.serving.loading.implementation import load_implementation
from upecho.serving.registry import BUILT_IN

CORRECT = [row.name for row in BUILT_IN if not row.naive and not limits.python(row.since)]


def serves(name: str, family: Family) -> bool:
    """Return whether a server declares to serve a family."""
    return family in load_implementation(name).declared.families
