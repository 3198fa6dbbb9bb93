"""The files of known failures: one TOML file for each target in a directory, read strictly and written as a whole."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check, Level
from upecho.conformance.run.known import Entry, Known, KnownFailures, toml_list
from upecho.conformance.run.selection import can_be_due
from upecho.net.address import Family
from upecho.serving.target import Target
from upecho.support import atomic_write, toml_file
from upecho.support.errors import CallerError
from upecho.support.text import plural, unknown_name

DEFAULT_DIRECTORY = "known"
TYPES = {"check": str, "reason": str, "link": str, "families": list, "flaky": bool}
KINDS = {str: "text, and not empty", list: "a list of families, and not empty", bool: "true or false"}
LONGEST_NAME = 100  # characters of a file's


def load(directory: str | None, targets: Iterable[Target]) -> Known:
    """Read the files of a directory; without one those of the directory ``known``, if it is there; for an empty name none.

    Raises:
        CallerError: no such directory; or a file that is not right, which need not be about one of the targets.
    """
    if directory == "" or (directory is None and not Path(DEFAULT_DIRECTORY).is_dir()):
        return Known()
    place = Path(directory or DEFAULT_DIRECTORY)
    if not place.is_dir():
        raise CallerError(f"no directory {place} with known failures")
    checks = {check.id: check for check in catalogue()}
    found: dict[str, tuple[Path, tuple[Entry, ...]]] = {}
    for path in sorted(place.glob("*.toml")):
        text, entries = _read(path, checks)
        if text in found:
            raise CallerError(f"{path}: the target {text!r} has the file {found[text][0]} already")
        found[text] = (path, entries)
    wanted = {target.text: target for target in targets if target.text in found}
    for text, target in wanted.items():
        _expect_can_be_due(*found[text], target, checks)
    return Known(KnownFailures(found[text][0], target, found[text][1]) for text, target in wanted.items())


def expect_writable(directory: str | None, target: Target, old: KnownFailures | None) -> None:
    """Make sure, before minutes of work, that a target's file can be written.

    Raises:
        CallerError: it cannot.
    """
    if directory == "":
        raise CallerError(
            "known failures cannot be written where none are to be read: --known '' says there is no directory"
        )
    if not target.text.isprintable():  # a file could not have it as it is, and would be about another target
        raise CallerError(f"known failures of {target.text!r} cannot be written: not all of it is printable text")
    place = Path(directory or DEFAULT_DIRECTORY)
    if place.exists() and not place.is_dir():
        raise CallerError(f"cannot write known failures into {place}: it is no directory")
    atomic_write.check(_path(place, target, old) if place.exists() else place)


def store(directory: str | None, target: Target, old: KnownFailures | None, entries: Sequence[Entry]) -> str:
    """Make a target's file say what its known failures are; return what was done to which file.

    Raises:
        CallerError: it cannot be written.
    """
    if set(entries) == set(old.entries if old else ()):
        count = plural(len(entries), "known failure")
        return f"{old.path} stays as it is: {count}" if old else f"{target.text}: nothing to write, no known failures"
    path = _path(Path(directory or DEFAULT_DIRECTORY), target, old)
    try:
        if not entries:
            path.unlink()
            return f"removed {path}"
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise CallerError(f"cannot write {path}: {error.strerror}") from None
    atomic_write.save(path, _text(target, entries))
    return f"wrote {path}: {plural(len(entries), 'known failure')}"


def _read(path: Path, checks: dict[str, Check]) -> tuple[str, tuple[Entry, ...]]:
    content = toml_file.read(path)
    for key in content:
        if key not in ("target", "failure"):
            raise CallerError(f"{path}: {unknown_name('key', key, ['target', 'failure'])}")
    target, tables = content.get("target"), content.get("failure", [])
    if not isinstance(target, str) or not target:
        raise CallerError(f'{path}: it must say which target it is about, as in target = "selectors"')
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CallerError(f"{path}: each known failure must be a table headed [[failure]]")
    entries: list[Entry] = []
    for number, table in enumerate(tables, 1):
        where = f"{path}: failure {number}"
        entries.append(_entry(where, table, checks))
        _expect_new(where, entries)
    return target, tuple(entries)


def _entry(where: str, table: dict[str, Any], checks: dict[str, Check]) -> Entry:
    for key, value in table.items():
        if key not in TYPES:
            raise CallerError(f"{where}: {unknown_name('key', key, TYPES)}")
        if not isinstance(value, TYPES[key]) or value in ("", []):
            raise CallerError(f"{where}: {key} is {json.dumps(value, default=str)}; it must be {KINDS[TYPES[key]]}")
    for key in ("check", "reason"):
        if key not in table:
            raise CallerError(f"{where}: it has no {key}")
    if table["check"] not in checks:
        raise CallerError(f"{where}: {unknown_name('check', table['check'], checks)}")
    if checks[table["check"]].level is Level.INFO:
        raise CallerError(f"{where}: the check {table['check']} cannot fail: it only records a value")
    families = _families(where, table.get("families"))
    return Entry(table["check"], table["reason"], table.get("link", ""), families, table.get("flaky", False))


def _families(where: str, names: list[Any] | None) -> frozenset[Family] | None:
    if names is None:
        return None
    known = [family.value for family in Family]
    for name in names:
        if name not in known:
            raise CallerError(f"{where}: {unknown_name('family', str(name), known)}")
    if len(set(names)) < len(names):
        raise CallerError(f"{where}: a family stands twice in {json.dumps(names)}")
    return frozenset(map(Family, names))


def _expect_new(where: str, entries: Sequence[Entry]) -> None:
    """Make sure that the last entry is about nothing that one before it is about."""
    *others, last = entries
    every = frozenset(Family)
    for number, other in enumerate(others, 1):
        if other.check == last.check and (other.families or every) & (last.families or every):
            raise CallerError(f"{where} ({last.check}): failure {number} is about the same check and family")


def _expect_can_be_due(path: Path, entries: Sequence[Entry], target: Target, checks: dict[str, Check]) -> None:
    for number, entry in enumerate(entries, 1):
        due = {family for family in Family if can_be_due(checks[entry.check], target, family)}
        wrong = (entry.families or frozenset()) - due
        if wrong or not due:
            over = f" over {', '.join(sorted(family.value for family in wrong))}" if due else ""
            raise CallerError(
                f"{path}: failure {number}: the check {entry.check} can never be due for {target.text}{over}"
            )


def _path(directory: Path, target: Target, old: KnownFailures | None) -> Path:
    """Return the path of a target's file, or one that tells which target it is about, and that is free."""
    if old:
        return old.path
    slug = re.sub("[^A-Za-z0-9._+]+", "-", target.text).strip("-.")[:LONGEST_NAME]
    names = [f"{slug}.toml", *(f"{slug}-{number}.toml" for number in range(2, 1000))]
    return next(directory / name for name in names if not (directory / name).exists())


def _text(target: Target, entries: Sequence[Entry]) -> str:
    lines = [f"target = {_quoted(target.text)}"]
    for entry in entries:
        lines += ["", "[[failure]]", f"check = {_quoted(entry.check)}", f"reason = {_quoted(entry.reason)}"]
        lines += [f"link = {_quoted(entry.link)}"] if entry.link else []
        lines += [f"families = {toml_list(entry.families)}"] if entry.families else []
        lines += ["flaky = true"] if entry.flaky else []
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a TOML string: JSON's escapes are TOML's, but for the pairs of surrogates and for DEL."""
    plain = text.encode(errors="backslashreplace").decode()
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
