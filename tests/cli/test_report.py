"""``upecho report``: its files, what is refused, and that nothing is left half-written."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.page.samples import CHECKS, results, saved, verdicts

pytest.importorskip("altair", reason="the extra report is not installed")
pytest.importorskip("vl_convert", reason="the extra report is not installed")

pytestmark = pytest.mark.once

CHARTS = ["cost-chat-dark.svg", "cost-chat-light.svg", "speed-chat-dark.svg", "speed-chat-light.svg"]

Main = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    return saved(tmp_path, results=results())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "pages"
    path.mkdir()
    return path


def content(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_markdown_and_its_charts_are_written(files: list[str], upecho_here: Main, directory: Path) -> None:
    page = directory / "front.md"
    assert upecho_here("report", *files, "--output", str(page), "--title", "A title") == (0, "", "")
    assert sorted(content(directory)) == [*(f"front-charts/{name}" for name in CHARTS), "front.md"]
    assert "\n# A title\n" in page.read_text()


def test_rendering_twice_gives_the_same_bytes_without_a_path(
    files: list[str], upecho_here: Main, directory: Path
) -> None:
    for _ in range(2):
        before = content(directory)
        assert upecho_here("report", *files, "--output", str(directory / "p.md"))[0] == 0
    assert content(directory) == before
    assert not any(str(directory.parent).encode() in text for text in before.values())


def test_charts_of_an_earlier_page_are_removed_and_other_files_stay(
    files: list[str], upecho_here: Main, directory: Path
) -> None:
    charts = directory / "p-charts"
    assert upecho_here("report", *files, "--output", str(directory / "p.md"))[0] == 0
    (charts / "copy.svg").write_bytes((charts / CHARTS[0]).read_bytes())
    (charts / "mine.svg").write_text("<svg/>")
    (charts / "link.svg").symlink_to(CHARTS[0])
    (charts / "notes.txt").touch()
    other = saved(directory.parent, verdicts=verdicts())
    assert upecho_here("report", *other, "--output", str(directory / "p.md"))[0] == 0
    left = {path.name for path in charts.iterdir()}
    assert left == {"copy.svg", "mine.svg", "link.svg", "notes.txt", "memory-dark.svg", "memory-light.svg"}


def test_directory_without_charts_is_removed(files: list[str], upecho_here: Main, directory: Path) -> None:
    assert upecho_here("report", *files, "--output", str(directory / "p.md"))[0] == 0
    document = verdicts()
    without = [one for one in document.verdicts if not one.recorded]
    other = saved(directory.parent, v=type(document).of(without, len(without), checks=CHECKS))
    assert upecho_here("report", *other, "--output", str(directory / "p.md"))[0] == 0
    assert [path.name for path in directory.iterdir()] == ["p.md"]


def test_file_of_others_is_not_replaced(files: list[str], refusal: Refusal, directory: Path) -> None:
    mine = directory / "p-charts" / CHARTS[0]
    mine.parent.mkdir()
    mine.write_text("<svg/>")
    said = refusal("report", *files, "--output", str(directory / "p.md"))
    assert said == f"cannot write {mine}: it exists and was not made by upecho report; move it away"
    assert content(directory) == {f"p-charts/{CHARTS[0]}": b"<svg/>"}


@pytest.mark.parametrize("earlier", [False, True], ids=["first page", "later page"])
@pytest.mark.parametrize("written", [0, 1, 4])
def test_full_disk_leaves_what_was_there(
    earlier: bool, written: int, upecho_here: Main, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["report", *saved(directory.parent, results=results()), "--output", str(directory / "p.md"), "--title"]
    if earlier:
        assert upecho_here(*command, "Before")[0] == 0
    before, calls = content(directory), []

    def full(_descriptor: int) -> None:
        calls.append(1)
        if len(calls) > written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, out, err = upecho_here(*command, "After")
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert err.startswith(f"upecho: cannot write {directory}/p")
    assert err.endswith(": No space left on device\n")
    assert content(directory) == before
    assert (directory / "p-charts").exists() == earlier


def test_directory_that_cannot_be_created_is_one_line(files: list[str], refusal: Refusal, directory: Path) -> None:
    (directory / "p-charts").touch()
    said = refusal("report", *files, "--output", str(directory / "p.md"))
    assert said == f"cannot write {directory}/p-charts: File exists"
    assert list(content(directory)) == ["p-charts"]


@pytest.mark.parametrize("name", ["page.txt", "page", "page.html.gz", ".md"])
def test_unknown_format_is_one_line(name: str, files: list[str], refusal: Refusal, directory: Path) -> None:
    said = refusal("report", *files, "--output", str(directory / name))
    assert said == f"{directory / name}: the format of the page is not known; its name has to end in .html or .md"
    assert content(directory) == {}


def test_neither_page_nor_text_is_one_line(files: list[str], refusal: Refusal) -> None:
    said = refusal("report", *files)
    assert said == "no output was requested; add --output PAGE.html, --output PAGE.md or --text"


def test_text_is_printed(files: list[str], upecho_here: Main, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    status, out, err = upecho_here("report", *files, "--text", "--title", "A title")
    assert (status, err) == (0, "")
    assert out.startswith("A title\n\nFindings\n")
    assert 80 < max(map(len, out.partition("How it was measured")[0].splitlines())) <= 90


def test_text_and_page_are_made_together(files: list[str], upecho_here: Main, directory: Path) -> None:
    status, out, _ = upecho_here("report", *files, "--text", "--output", str(directory / "p.html"))
    assert status == 0
    assert "Cost and throughput" in out
    assert list(content(directory)) == ["p.html"]
