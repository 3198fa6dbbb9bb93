"""Finds error reports in the stderr of a server: tracebacks, panics, crash reports and warnings of a runtime.

Theory of operation
    A server may log whatever its author likes, and a log line that contains the word "error" is no error of the server.
    So only the forms are recognized that the runtime of a language prints and that no message resembles by chance. The
    report of a client that left, logged by a server in its own words, is not one of them; its traceback is.

    A line may say that it is of low importance, as ``INFO`` and ``<6>`` do. A report on such a line is ordinary
    logging, and so is a traceback below it, since a logger writes a traceback below its message. But the line before
    a traceback may also be unrelated. It is taken for the message of the traceback only if such a line never occurs
    without one.

    Warnings that concern later versions of a language are no errors of a server that runs now.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from upecho.support.tracebacks import important_lines

NOT_NOW = "(?!Deprecation|PendingDeprecation|Future|Import|Syntax|Experimental)"
PATTERNS = (
    # Python
    r"^Fatal Python error: ",
    r"^Exception ignored ",
    r"\bexception was never retrieved$",
    r"\bTask was destroyed but it is pending!$",
    rf"\S:\d+: {NOT_NOW}\w*Warning: ",
    # Sanitizers, Valgrind, the C and C++ libraries, and the shell that waited for a program
    r"^==\d+==\s?(?:ERROR|WARNING): \w+Sanitizer",
    r"^WARNING: ThreadSanitizer",
    r"\S:\d+:\d+: runtime error: ",
    r"^==\d+== (?:Invalid (?:read|write|free)|Conditional jump or move|Use of uninitialised|Process terminating)",
    r"\*\*\* stack smashing detected \*\*\*",
    r"^(?:\w+\(\): invalid |(?:double free or|malloc\(\):|realloc\(\):).*(?:corrupt|invalid)|corrupted size vs)",
    r"\bAssertion [`'].+' failed\.$",
    r"^terminate called ",
    r"\b(?:Segmentation fault|Bus error|Aborted)(?:\s+\(core dumped\)|$)",
    # Rust, Go, OCaml
    r"^thread '[^']*' (?:\(\d+\) )?panicked at ",
    r"^WARNING: DATA RACE$",
    r"^Fatal error: exception ",
    # JavaScript, Ruby, PHP, Perl
    rf"^\(node:\d+\) (?:\[\w+\] )?{NOT_NOW}\w+Warning: ",
    r"terminated with exception \(report_on_exception is true\)",
    r"^\S+:\d+:in [`'].*\([\w:]+(?:Error|Exception)\)$",
    r"^PHP (?:Warning|Fatal error|Notice): .* on line \d+$",
    r"^Use of uninitialized value .* line \d+\.$",
)
REPORT = re.compile("|".join(PATTERNS))
TRACEBACK = re.compile(r"Traceback \(most recent call last\):$")
CHAINED = re.compile(r"^(?:During handling of the above exception|The above exception was the direct cause)")
CHAIN_LINES = 2  # from the sentence that links two tracebacks to the second one
INTRODUCTION_LINES = 2  # from the line that says what happened, such as "Exception ignored", to its traceback
THROWN = re.compile(r"^(?!Caused by:).*(?:[Ee]xception|Error)\b")  # of JavaScript, Java and .NET, above its stack
PANIC = re.compile(r"^(?:panic: |fatal error: )|\bpanic serving ")  # of Go, above the stack of a goroutine
GOROUTINE = re.compile(r"^goroutine \d+ \[")
PANIC_LINES = 5  # from the message of a panic to that stack
STACK = re.compile(r"^\s+at \S.*(?::\d+\)?|:line \d+|\((?:Native Method|Unknown Source)\))$")
UNIMPORTANT = re.compile(r"(?i:\b(?:trace|debug|info|notice)\b)|^<[567]>")
NUMBER = re.compile(r"0x[0-9a-f]+|\d+")


@dataclass(frozen=True)
class ErrorReport:
    """One error report.

    Attributes:
        line: Number of the line where it begins, counted from 0.
        text: What is reported, in one line; for a traceback the exception and its place.
    """

    line: int
    text: str


def error_reports(text: str) -> list[ErrorReport]:
    """Return the error reports in what a server has written to stderr."""
    lines = [line.rstrip() for line in text.split("\n")]
    starts = list(_starts(lines))
    ends = [*starts, len(lines)][1:]
    return [ErrorReport(start, _described(lines[start:end])) for start, end in zip(starts, ends, strict=False)]


def without_numbers(text: str) -> str:
    """Return a text in which all numbers are alike, so that reports that differ only in a port are equal."""
    return NUMBER.sub("0", text)


def _starts(lines: list[str]) -> Iterator[int]:
    """Yield the number of the first line of each report."""
    messages = _messages_of_tracebacks(lines)
    last = -CHAIN_LINES - INTRODUCTION_LINES
    for number, line in enumerate(lines):
        if found := TRACEBACK.search(line):
            is_continued = "|" in line or number - last <= INTRODUCTION_LINES or _is_chained(lines, number)
            is_logged = UNIMPORTANT.search(line[: found.start()]) or (number and lines[number - 1] in messages)
            is_start = not (is_continued or is_logged)
        elif found := REPORT.search(line):
            is_start = not UNIMPORTANT.search(line[: found.start()])
        else:
            is_start = _is_thrown(lines, number) or _is_panic(lines, number)
        if is_start:
            last = number
            yield number


def _is_chained(lines: list[str], number: int) -> bool:
    return any(CHAINED.match(line) for line in lines[max(0, number - CHAIN_LINES) : number])


def _is_thrown(lines: list[str], number: int) -> bool:
    """Whether a line names an exception and the next one is the first of its stack."""
    is_followed_by_stack = number + 1 < len(lines) and STACK.match(lines[number + 1])
    found = THROWN.match(lines[number]) if is_followed_by_stack and not STACK.match(lines[number]) else None
    return found is not None and not UNIMPORTANT.search(found[0])


def _is_panic(lines: list[str], number: int) -> bool:
    return bool(PANIC.search(lines[number])) and any(map(GOROUTINE.match, lines[number : number + PANIC_LINES]))


def _messages_of_tracebacks(lines: list[str]) -> set[str]:
    """Return the unimportant lines that only ever occur directly above a traceback."""
    above: set[str] = set()
    elsewhere: set[str] = set()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        (above if TRACEBACK.match(following) else elsewhere).add(without_numbers(line))
    only_above = above - elsewhere
    return {line for line in lines if UNIMPORTANT.search(line) and without_numbers(line) in only_above}


def _described(lines: list[str]) -> str:
    """Return a report, of which ``lines`` are the first lines, in one line."""
    is_traceback = any(TRACEBACK.search(line) for line in lines[: INTRODUCTION_LINES + 1])
    if is_traceback:
        return important_lines("\n".join(lines))[0]
    summary = next((line for line in lines if line.startswith("SUMMARY: ")), lines[0])  # of a sanitizer, with the place
    place = f" ({lines[1].strip()})" if len(lines) > 1 and STACK.match(lines[1]) else ""
    return important_lines(summary)[0] + place
