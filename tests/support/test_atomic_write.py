"""A file is written as a whole or not at all."""

import errno
import gzip
import os
from pathlib import Path

import pytest

from upecho.support import atomic_write
from upecho.support.errors import CallerError, HarnessError


def test_save_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("old")
    atomic_write.check(file)
    assert file.read_text() == "old"
    atomic_write.save(file, "new")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_file_with_the_suffix_gz_is_compressed_and_contains_no_time(tmp_path: Path) -> None:
    for name in ("a.json.gz", "b.json.gz"):
        atomic_write.save(tmp_path / name, "text" * 1000)
    compressed = (tmp_path / "a.json.gz").read_bytes()
    assert gzip.decompress(compressed) == b"text" * 1000
    assert (tmp_path / "b.json.gz").read_bytes() == compressed
    assert compressed[4:8] == bytes(4)


def test_save_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic_write.save(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "text"


def test_save_accepts_the_longest_possible_name(tmp_path: Path) -> None:
    atomic_write.save(tmp_path / ("x" * 255), "text")
    with pytest.raises(CallerError, match="File name too long"):
        atomic_write.check(tmp_path / ("x" * 256))
    assert [path.name for path in tmp_path.iterdir()] == ["x" * 255]


def test_saving_follows_no_links_in_circles(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CallerError, match=r"cannot write .*loop: Too many levels of symbolic links"):
        atomic_write.check(tmp_path / "loop")
    assert (tmp_path / "loop").is_symlink()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_full_disk_leaves_the_old_file(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    file = tmp_path / "r.json"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HarnessError, match=rf"cannot write .*r\.json: {os.strerror(number)}"):
        atomic_write.save(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_several_files_are_written_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    atomic_write.save_all({first: "1", second: "2"})
    assert [path.read_text() for path in (first, second)] == ["1", "2"]
    with pytest.raises(CallerError, match=r"cannot write .*none/c: No such file or directory"):
        atomic_write.save_all({first: "3", tmp_path / "none" / "c": "4"})
    assert first.read_text() == "1"
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_directory_is_created_and_stays_only_with_files(tmp_path: Path) -> None:
    with atomic_write.directory(tmp_path / "d"):
        assert (tmp_path / "d").is_dir()
    assert list(tmp_path.iterdir()) == []
    with atomic_write.directory(tmp_path / "d"):
        (tmp_path / "d" / "file").touch()
    with atomic_write.directory(tmp_path / "d"):
        pass
    assert (tmp_path / "d" / "file").exists()


def test_directory_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CallerError, match=r"cannot write .*file: File exists"),
        atomic_write.directory(tmp_path / "file"),
    ):
        pass


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("none/r.json", "No such file or directory"),
        (".", "it exists and is not a regular file"),
        ("/dev/full", "it exists and is not a regular file"),
        ("file/r.json", "Not a directory"),
    ],
)
def test_check_reports_what_cannot_be_written(path: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CallerError, match=f"cannot write .*: {complaint}"):
        atomic_write.check(tmp_path / path)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
