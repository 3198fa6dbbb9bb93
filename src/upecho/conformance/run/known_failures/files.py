"""Reads and writes known failures: one TOML file for each target, in a directory."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from upecho.conformance.catalogue import by_id
from upecho.conformance.check import Level
from upecho.conformance.run.known_failures.known import Entry, Known, KnownFailures, toml_list
from upecho.conformance.run.selection import can_be_due
from upecho.net.address import Family
from upecho.serving.target import Target
from upecho.support import atomic_write, toml_file
from upecho.support.errors import CallerError
from upecho.support.text import plural, unknown_name

DEFAULT_DIRECTORY = "known"
KEYS = ("target", "failure")
TYPES = {"check": str, "reason": str, "link": str, "families": list, "flaky": bool}
EXPECTED = {str: "a string that is not empty", list: "a list of families that is not empty", bool: "true or false"}
MAX_NAME_LENGTH = 100  # characters of a file name, without its suffix


def read_known_failures(directory: str | None, targets: Iterable[Target], *, may_be_missing: bool = False) -> Known:
    """Read the known failures of targets.

    Args:
        directory: The directory; None means the directory ``known`` if it exists, an empty name none at all.
        targets: The targets; files about other targets are checked, too, but not used.
        may_be_missing: Whether a directory that does not exist counts as empty, as when it is about to be written.

    Raises:
        CallerError: The directory does not exist, or a file in it is invalid.
    """
    if directory == "" or (directory is None and not Path(DEFAULT_DIRECTORY).is_dir()):
        return Known()
    location = Path(directory or DEFAULT_DIRECTORY)
    if may_be_missing and not location.exists():
        return Known()
    if not location.is_dir():
        reason = "it is not a directory" if location.exists() else "it does not exist"
        raise CallerError(f"cannot read known failures from {location}: {reason}")
    found: dict[str, tuple[Path, tuple[Entry, ...]]] = {}
    for path in sorted(location.glob("*.toml")):
        text, entries = _read(path)
        if text in found:
            raise CallerError(f"{path}: {found[text][0]} is also about the target {text!r}; merge the two files")
        found[text] = (path, entries)
    known = {}
    for target in targets:
        if target.text in found:
            path, entries = found[target.text]
            known[target.text] = KnownFailures(path, target, entries)
    for failures in known.values():
        _expect_can_be_due(failures)
    return Known(known.values())


def expect_writable(directory: str | None, target: Target, old: KnownFailures | None) -> None:
    """Make sure, before a run of several minutes, that the file of a target can be written.

    Raises:
        CallerError: It cannot be written.
    """
    if directory == "":
        raise CallerError("--write-known needs a directory, but --known '' says that there is none")
    if not target.text.isprintable():  # the file would contain it escaped, and be about another target
        raise CallerError(f"cannot write known failures of {target.text!r}: the target contains unprintable characters")
    location = Path(directory or DEFAULT_DIRECTORY)
    if location.exists() and not location.is_dir():
        raise CallerError(f"cannot write known failures to {location}: it is not a directory")
    atomic_write.check(_path(location, target, old) if location.exists() else location)


def store(directory: str | None, target: Target, old: KnownFailures | None, *, entries: Sequence[Entry]) -> str:
    """Write the known failures of a target; return a line that says what was done to which file.

    Args:
        directory: The directory, as for ``read_known_failures``.
        target: The target.
        old: What the file of the target contained; None if there is no file.
        entries: What the file has to contain; without any, the file is removed.

    Raises:
        CallerError: The file cannot be written.
    """
    if set(entries) == set(old.entries if old else ()):
        count = plural(len(entries), "known failure")
        return f"{old.path} is unchanged: {count}" if old else f"{target.text}: no known failures to write"
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


def _read(path: Path) -> tuple[str, tuple[Entry, ...]]:
    """Return the target that a file is about, and its entries."""
    content = toml_file.read(path)
    for key in content:
        if key not in KEYS:
            raise CallerError(f"{path}: {unknown_name('key', key, KEYS)}")
    target, tables = content.get("target"), content.get("failure", [])
    if not isinstance(target, str) or not target:
        raise CallerError(f'{path}: it must name the target that it is about, as in target = "selectors"')
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CallerError(f"{path}: each known failure must be a table headed [[failure]]")
    entries: list[Entry] = []
    for number, table in enumerate(tables, 1):
        where = f"{path}: failure {number}"
        entries.append(_entry(where, table))
        _expect_no_overlap(where, entries)
    return target, tuple(entries)


def _entry(where: str, table: dict[str, Any]) -> Entry:
    for key, value in table.items():
        if key not in TYPES:
            raise CallerError(f"{where}: {unknown_name('key', key, TYPES)}")
        if not isinstance(value, TYPES[key]) or value in ("", []):
            raise CallerError(f"{where}: {key} is {json.dumps(value, default=str)}; it must be {EXPECTED[TYPES[key]]}")
    for key in ("check", "reason"):
        if key not in table:
            raise CallerError(f"{where}: it has no {key}")
    if (check := by_id().get(table["check"])) is None:
        raise CallerError(f"{where}: {unknown_name('check', table['check'], by_id())}")
    if check.level is Level.INFO:
        raise CallerError(f"{where}: the check {check.id} cannot fail: it only records a value")
    return Entry(**table | {"families": _families(where, table.get("families"))})


def _families(where: str, names: list[Any] | None) -> frozenset[Family] | None:
    if names is None:
        return None
    known = [family.value for family in Family]
    for name in names:
        if name not in known:
            raise CallerError(f"{where}: {unknown_name('family', str(name), known)}")
    if len(set(names)) < len(names):
        raise CallerError(f"{where}: {json.dumps(names)} contains a family twice")
    return frozenset(map(Family, names))


def _expect_no_overlap(where: str, entries: Sequence[Entry]) -> None:
    """Make sure that the last entry is not about the same check and family as one before it."""
    *others, last = entries
    every = frozenset(Family)
    for number, other in enumerate(others, 1):
        if other.check == last.check and (other.families or every) & (last.families or every):
            raise CallerError(f"{where} ({last.check}): failure {number} is about the same check and family")


def _expect_can_be_due(failures: KnownFailures) -> None:
    target = failures.target
    for number, entry in enumerate(failures.entries, 1):
        due = {family for family in Family if can_be_due(by_id()[entry.check], target, family)}
        wrong = (entry.families or frozenset()) - due
        if wrong or not due:
            over = f" over {', '.join(sorted(wrong))}" if due else ""
            raise CallerError(
                f"{failures.path}: failure {number}: the check {entry.check} never applies to {target.text}{over}"
            )


def _path(directory: Path, target: Target, old: KnownFailures | None) -> Path:
    """Return the path of a target's file; for a new file, an unused name that resembles the target."""
    if old:
        return old.path
    slug = re.sub("[^A-Za-z0-9._+]+", "-", target.text).strip("-.")[:MAX_NAME_LENGTH]
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
    """Return a TOML string, which is a JSON string except for surrogate pairs and DEL."""
    plain = text.encode(errors="backslashreplace").decode()
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
