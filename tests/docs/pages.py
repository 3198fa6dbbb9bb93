"""The code blocks of README.md and of the pages under docs/."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

PAGES = (Path("README.md"), *sorted(Path("docs").rglob("*.md")))
RUNS_LONG_EXAMPLES = "UPECHO_LONG_EXAMPLES" in os.environ  # in "tox -e docs-examples"
SHELL, SESSION = "shell", "console"  # commands only, and commands after "$ " with what they print
INDENTED = "indented"


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    Attributes:
        page: Path of the page.
        line: Number of its first line.
        language: What follows the opening fence; ``indented`` for a block without a fence.
        text: The code.
    """

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> Iterator[str]:
        """Yield the commands of a block for a shell, with continuation lines joined."""
        prompt = "$ " if self.language == SESSION else ""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language in (SHELL, SESSION):
            yield from (" ".join(line.removeprefix(prompt).split()) for line in lines if line.startswith(prompt))

    def output(self) -> list[str]:
        """Return the lines below the command of a session that has one command."""
        return self.text.replace("\\\n", " ").splitlines()[1:]


def blocks(page: Path) -> Iterator[Block]:
    """Yield the code blocks of a page."""
    for token in MarkdownIt().parse(page.read_text()):
        if token.type in ("fence", "code_block") and token.map:
            yield Block(page, token.map[0] + 1, token.info if token.type == "fence" else INDENTED, token.content)


def find(page: str, beginning: str) -> Block:
    """Return the first block of a page that begins with some text."""
    return next(block for block in blocks(Path(page)) if block.text.startswith(beginning))
