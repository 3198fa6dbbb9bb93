"""What matters of the text that a program has written to stderr."""

import re

from upecho.support.text import printable

MAX_LINE_LENGTH = 300  # characters of a line that a target has written
FRAME = re.compile(r'(?P<margin>[ |]*?)  File "(?P<file>.+)", line (?P<line>\d+)')  # exception groups have a margin
INSTALLED = re.compile(r".*/(?:(?:site|dist)-packages|lib/python3\.\d+t?)/")  # where modules are, on any machine
WARNING = re.compile(r".+:\d+: [\w.]*Warning: .+")  # as warnings.formatwarning writes it


def important_lines(text: str) -> list[str]:
    """Return the important lines that a process wrote to stderr: the last exception with its place, the last line."""
    lines = _without_quoted_code([line for line in printable(text).splitlines() if any(map(str.isalnum, line))])
    frames = [(number, frame) for number, line in enumerate(lines) if (frame := FRAME.match(line))]
    important = [_exception(lines[number + 1 :], frame) for number, frame in frames[-1:]]
    if lines and not any(lines[-1].strip(" |") in one for one in important):
        important.append(lines[-1].strip(" |"))
    return [_shortened(one) for one in important]


def _without_quoted_code(lines: list[str]) -> list[str]:
    """Return the lines without those in which Python quotes the code that has caused the warning above them."""
    warned = [bool(WARNING.fullmatch(line)) for line in lines]
    quoted = [after and line.startswith("  ") for line, after in zip(lines, [False, *warned], strict=False)]
    return [line for line, is_quoted in zip(lines, quoted, strict=True) if not is_quoted]


def _exception(after: list[str], frame: re.Match[str]) -> str:
    """Return the last line of a traceback and its innermost frame, which precedes the lines ``after``.

    Of the file of an installed module, only the part that is the same on every machine is named.
    """
    margin = frame["margin"]
    texts = (line.removeprefix(margin) for line in after if line.startswith(margin))
    what = next((text for text in texts if not text.startswith(" ")), "a traceback")
    return f"{what} ({INSTALLED.sub('', frame['file'])}:{frame['line']})"


def _shortened(line: str) -> str:
    half = MAX_LINE_LENGTH // 2
    return line if len(line) <= MAX_LINE_LENGTH else f"{line[:half]}…{line[-half:]}"
