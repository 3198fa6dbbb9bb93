"""A file is read as a whole, or refused after a bounded time."""

import gzip
import os
import threading
from pathlib import Path

import pytest

from upecho.support import bounded_read
from upecho.support.bounded_read import read_bounded
from upecho.support.errors import CallerError


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_file_is_read_as_a_whole(size: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    assert read_bounded(tmp_path / "file") == b"x" * size


def test_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(b"x" * 200_000))
    writer.start()
    assert read_bounded(tmp_path / "pipe") == b"x" * 200_000
    writer.join()


def test_pipe_without_a_writer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_read, "TIMEOUT_SECONDS", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CallerError, match=r"^the end of the file did not come within 0\.1 s$"):
        read_bounded(tmp_path / "pipe")


def test_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_read, "MAX_BYTES", 1 << 20)
    (tmp_path / "file").write_bytes(b"x" * (1 << 20))
    assert len(read_bounded(tmp_path / "file")) == 1 << 20
    (tmp_path / "file").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(CallerError, match=r"^the file has more than 1 MiB$"):
        read_bounded(tmp_path / "file")


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_compressed_file_is_decompressed(size: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(b"x" * size))
    assert read_bounded(tmp_path / "file") == b"x" * size


def test_compressed_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_read, "MAX_BYTES", 1 << 20)
    (tmp_path / "file").write_bytes(gzip.compress(b"x" * (1 << 20)))
    assert len(read_bounded(tmp_path / "file")) == 1 << 20
    (tmp_path / "file").write_bytes(gzip.compress(b"x" * ((1 << 20) + 1)))
    with pytest.raises(CallerError, match=r"^the file has more than 1 MiB$"):
        read_bounded(tmp_path / "file")


def test_incomplete_compressed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(b"x" * 1000)[:-1])
    with pytest.raises(CallerError, match=r"^the compressed file is incomplete$"):
        read_bounded(tmp_path / "file")


def test_compressed_file_with_something_after_its_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(b"x") + b"y")
    with pytest.raises(CallerError, match=r"^the compressed file has data after its end$"):
        read_bounded(tmp_path / "file")


@pytest.mark.parametrize("position", [3, 12, -8])
def test_damaged_compressed_file_is_refused(position: int, tmp_path: Path) -> None:
    content = bytearray(gzip.compress(b"text" * 1000))
    content[position] ^= 0xFF
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(CallerError, match=r"^the compressed file is damaged$"):
        read_bounded(tmp_path / "file")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero")
def test_device_without_end_is_not_read_for_long() -> None:
    assert len(read_bounded(Path("/dev/zero"))) == bounded_read.CHUNK_BYTES


def test_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "none")
