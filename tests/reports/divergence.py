"""Generates ``reports/divergence.md``: which checks fail on each event loop and framework, with links to the findings.

``upecho check asyncio+all asyncio-protocol+all asyncio-sock+all trio anyio-asyncio anyio-trio gevent twisted tornado
--all --json reports/verdicts-3.14.json.gz`` makes the input, which may be several files, such as one for each Python.
``python -m tests.reports.divergence reports/verdicts-*.json.gz > reports/divergence.md`` writes the page.
"""

import functools
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.reports import findings
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.support.bounded_read import read_bounded

HERE = "https://github.com/upecho/upecho/blob/main/reports/"  # where the page is, for links in known failures
FIRST = "echo-hello"  # a server that fails this check answers nothing

HEAD = """\
# Where each event loop and framework diverges

This page is generated from verdicts of the suite by `python -m tests.reports.divergence`; do not edit it. Each loop was
checked with the servers {servers}, each framework with its own server. The runs were made on
{pythons}.

A cell contains **F** if the check failed with at least one of these servers in at least one of the runs. The letter is
a link to the page that says why. An **F** without a link is not explained yet; it may be a consequence of another
failure. An empty cell means that nothing failed: the check passed, was unsupported, or was not run because of another
failure. Of a server that does not answer at all, only `{first}` is shown, because the other checks say nothing then. A
table omits loops that do not support its family.
"""


class Row(NamedTuple):
    """A verdict that says something about a loop or a framework.

    Attributes:
        server: Name of the server.
        loop: Name of the loop that it ran on; empty for a framework without one.
        family: The socket family.
        check: Id of the check.
        failed: Whether the server failed it, or something before the point that the check judges.
    """

    server: str
    loop: str
    family: str
    check: str
    failed: bool

    @property
    def judged(self) -> str:
        """Name of the loop or framework that the verdict is about."""
        return self.loop or self.server


def page(documents: Iterable[dict[str, object]]) -> str:
    """Return the page as Markdown."""
    documents = list(documents)
    rows = [row for document in documents for row in _rows(document)]
    servers = ", ".join(dict.fromkeys(row.server for row in rows if row.loop))
    pythons = " and ".join(dict.fromkeys(str(document["python"]) for document in documents))
    families = dict.fromkeys(row.family for row in rows)
    head = HEAD.format(servers=servers, pythons=pythons, first=FIRST)
    return "\n".join([head, *(_matrix(rows, family) for family in families)])


def _rows(document: dict[str, object]) -> Iterator[Row]:
    verdicts = document["verdicts"]
    assert isinstance(verdicts, list)
    silent = {(one["target"], one["family"]) for one in verdicts if one["check"] == FIRST and _failed(one)}
    for one in verdicts:
        server, _, loop = one["target"].partition("+")
        matters = one["check"] == FIRST or (one["target"], one["family"]) not in silent
        if one["verdict"] != Verdict.UNSUPPORTED:
            yield Row(server, loop, one["family"], one["check"], matters and _failed(one))


def _failed(verdict: dict[str, Any]) -> bool:
    """Return whether a check failed, or something before the point that it judges."""
    not_reached = verdict["verdict"] == Verdict.NOT_RUN and not verdict["follows_from"]
    return verdict["verdict"] == Verdict.FAILED or not_reached


def _matrix(rows: list[Row], family: str) -> str:
    """Return what failed over one family: a row for each check, and a column for each loop or framework."""
    ran = [row for row in rows if row.family == family]
    failed = {(row.check, row.judged) for row in ran if row.failed}
    names = [name for name in dict.fromkeys(row.judged for row in ran) if any(name == one for _, one in failed)]
    clean = [name for name in dict.fromkeys(row.judged for row in ran) if name not in names]
    lines = [f"## Over {family}", "", f"Without failures: {', '.join(clean) or 'none'}.", ""]
    if names:
        lines += [f"| check | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for check in dict.fromkeys(row.check for row in ran):
        cells = [_cell(name, check) if (check, name) in failed else "" for name in names]
        lines += [f"| {check} | {' | '.join(cells)} |"] if any(cells) else []
    return "\n".join([*lines, ""])


def _cell(name: str, check: str) -> str:
    links = [f"findings/{one.page}.md" for one in findings.about(name) if check in one.checks]
    links += _known_links().get((name, check), [])
    return f"[**F**]({links[0]})" if links else "**F**"


@functools.cache
def _known_links() -> dict[tuple[str, str], list[str]]:
    """Return where the known failures of each loop or framework lead, relative to the page."""
    links: dict[tuple[str, str], list[str]] = {}
    for file in sorted(Path("known").glob("*.toml")):
        content = tomllib.loads(file.read_text())
        server, _, loop = content["target"].partition("+")
        for failure in content["failure"]:
            links.setdefault((loop or server, failure["check"]), []).append(failure["link"].removeprefix(HERE))
    return links


if __name__ == "__main__":
    print(page(json.loads(read_bounded(Path(argument))) for argument in sys.argv[1:]), end="")
