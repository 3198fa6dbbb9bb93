"""Writes the page of all checks and of the broken servers that prove them.

``python -m tests.broken.page`` prints it; ``docs/checks.md`` is what it printed last, and a test holds it to that.
"""

from collections.abc import Iterator
from itertools import groupby

from tests.broken.kills import KILLS, Kill
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check, Level
from upecho.conformance.run.selection import is_due
from upecho.serving.target import Target

HEAD = """\
# The checks, and what proves them

Written by `python -m tests.broken.page > docs/checks.md`; do not edit. The levels are explained in
[for-authors.md](for-authors.md).
"""

MATRIX = """
## The kill matrix

Each of these servers is wrong in one way, on purpose. `pytest -n 4 tests/conformance/test_kill_matrix.py` runs all of them through
the whole suite: each has to fail exactly the checks that are named here, and each check that can fail has to catch at
least one of them.
*Or* stands before checks whose verdict is a race inside the broken server; a check counts as proved without those.
A server that is caught by more than a dozen checks is listed with the checks that it passes instead.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *_checks(), MATRIX, *_matrix(), ""])


def _checks() -> Iterator[str]:
    for topic, checks in groupby(catalogue(), lambda check: check.topic):
        yield f"## {topic.capitalize()}\n"
        yield "| check | level | requirement | source | due | caught |"
        yield "|---|---|---|---|---|---|"
        yield from (_row(check) for check in checks)
        yield ""


def _row(check: Check) -> str:
    caught = sum(check.id in kill.caught_by - kill.by_chance for kill in KILLS)
    proof = "" if check.level is Level.INFO else str(caught)
    return f"| {check.id} | {check.level.value} | {check.requirement} | {check.source} | {_due(check)} | {proof} |"


def _due(check: Check) -> str:
    families = sorted(family.value for family in check.families) if len(check.families) < 4 else []
    parts = [*families, *(["process"] if check.process else []), *(["limited"] if check.limited else [])]
    return ", ".join([*parts, *([f"{check.clients} clients"] if check.clients > 1 else [])])


def _matrix() -> Iterator[str]:
    yield "| broken server | family | caught by |"
    yield "|---|---|---|"
    for kill in KILLS:
        name = str(kill).removesuffix(f"-{kill.family.value}")
        yield f"| {name} | {kill.family.value} | {_caught(kill)} |"


def _caught(kill: Kill) -> str:
    due = [check.id for check in catalogue() if check.level is not Level.INFO and _is_due(check, kill)]
    certain = [name for name in due if name in kill.caught_by - kill.by_chance]
    passed = [name for name in due if name not in kill.caught_by | kill.by_chance]
    text = ", ".join(certain) if len(certain) <= 12 else f"all but {', '.join(passed)}"
    chance = [name for name in due if name in kill.by_chance]
    return f"{text or 'nothing: it is right'}{'; or ' + ', '.join(chance) if chance else ''}"


def _is_due(check: Check, kill: Kill) -> bool:
    return is_due(check, Target.parse(kill.target), kill.family)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 (that is what it is for)
