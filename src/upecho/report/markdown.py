"""Elements of GitHub Flavored Markdown (https://github.github.com/gfm/), from text that may contain any characters."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from upecho.support.text import printable

ESCAPED_PIPE = r"\|"  # which a table turns into a pipe before anything else is parsed
SPECIAL = re.compile(r"([\\`*\[\]<>#|~&]|(?<![^\W_])_|_(?![^\W_]))")  # but not x86_64


def escaped(text: str) -> str:
    """Return text on one line that is shown as it is."""
    return SPECIAL.sub(r"\\\1", _line(text))


def code(text: str) -> str:
    """Return a code span on one line, which is shown as it is everywhere but in a table."""
    line = _line(text)
    fence = _longer_than_any_in(line, shortest=1)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{padding}{line}{padding}{fence}" if line else ""


def block(text: str, language: str = "") -> Iterator[str]:
    """Yield the lines of a block of code.

    Args:
        text: The code.
        language: Name of the language that it is highlighted as; empty for none.
    """
    fence = _longer_than_any_in(text, shortest=3)
    yield f"{fence}{language}"
    yield from printable(text).splitlines()
    yield fence
    yield ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table.

    Args:
        heads: Titles of the columns, as Markdown.
        rows: Cells of each row, as Markdown.
    """
    for cells in (heads, ["---"] * len(heads), *rows):
        yield f"| {' | '.join(cell.replace('|', ESCAPED_PIPE) for cell in cells)} |"
    yield ""


def details(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a part that is folded until it is clicked.

    Args:
        title: What is shown while it is folded, as text.
        lines: The content, as Markdown.
    """
    yield f"<details><summary>{html.escape(_line(title), quote=False)}</summary>"
    yield ""
    yield from lines
    yield "</details>"
    yield ""


def anchor(name: str) -> str:
    """Return a place that links of the document can lead to."""
    return f'<a id="{html.escape(_line(name))}"></a>'


def link(text: str, address: str) -> str:
    """Return a link.

    Args:
        text: What is shown, as Markdown.
        address: Where it leads, as a URL.
    """
    return f"[{text}](<{html.escape(_line(address))}>)"


def picture(*, light: str, dark: str, description: str) -> Iterator[str]:
    """Yield the lines of a picture that exists for light and for dark pages.

    Args:
        light: Path of the picture for light pages, relative to the document.
        dark: Path of the picture for dark pages.
        description: What it shows, for readers who do not see it.
    """
    yield "<picture>"
    yield f'<source media="(prefers-color-scheme: dark)" srcset="{quote(dark)}">'
    yield f'<img src="{quote(light)}" alt="{html.escape(_line(description))}">'
    yield "</picture>"
    yield ""


def _line(text: str) -> str:
    return printable(" ".join(text.split()))


def _longer_than_any_in(text: str, *, shortest: int) -> str:
    """Return more backticks than the text has in a row anywhere."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(shortest, longest + 1)
