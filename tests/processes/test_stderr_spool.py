"""The spool of stderr: output is found at its offset, whichever process moved it, and little of it is on the disk."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from upecho.processes.stderr_spool import CHUNK_BYTES, MAX_BYTES, TAIL_BYTES, Spool

DRAIN = "import sys; from upecho.processes.stderr_spool import Spool; spool = Spool(*map(int, sys.argv[1:]))\n"
DRAIN_UNTIL_DONE = "while spool.drain() < 2_000_000: pass"


@pytest.fixture
def ends() -> Iterator[tuple[Spool, int]]:
    """A spool and the writing end of its pipe."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as file:
        yield Spool(reading, file.fileno()), writing
    for end in (reading, writing):
        os.close(end)


def test_what_was_written_is_there_although_nobody_moved_it(ends: tuple[Spool, int]) -> None:
    spool, writing = ends
    os.write(writing, b"one two three")
    assert spool.read(4, 7, most=100) == b"two"
    assert (spool.read(0, None, most=5), spool.drain()) == (b"three", 13)


def test_nothing_is_waited_for(ends: tuple[Spool, int]) -> None:
    spool, _ = ends
    assert (spool.drain(), spool.read(0, None, most=100)) == (0, b"")


def test_two_processes_move_each_byte_once_and_in_order(ends: tuple[Spool, int]) -> None:
    spool, writing = ends
    lines = b"".join(b"%07d\n" % number for number in range(250_000))
    command = [sys.executable, "-c", DRAIN + DRAIN_UNTIL_DONE, *map(str, spool)]
    with subprocess.Popen(command, pass_fds=spool), subprocess.Popen(command, pass_fds=spool):
        sent = 0
        while sent < len(lines):
            sent += os.write(writing, lines[sent : sent + 50_000])
            spool.drain()
    assert spool.read(0, None, most=len(lines)) == lines


def test_beginning_is_discarded_and_offsets_stay(ends: tuple[Spool, int]) -> None:
    spool, writing = ends
    blocks = 2 * MAX_BYTES // CHUNK_BYTES + 1
    for number in range(blocks):
        os.write(writing, number.to_bytes(4) * (CHUNK_BYTES // 4))
        spool.drain()
        assert os.fstat(spool.file).st_blocks * 512 <= MAX_BYTES + TAIL_BYTES
    assert spool.drain() == blocks * CHUNK_BYTES
    last = (blocks - 1) * CHUNK_BYTES
    assert spool.read(last - 4, last + 4, most=8) == (blocks - 2).to_bytes(4) + (blocks - 1).to_bytes(4)
    assert spool.read(0, 8, most=8) == bytes(8)


def test_lock_of_a_killed_process_is_released(ends: tuple[Spool, int]) -> None:
    spool, writing = ends
    code = DRAIN + "with spool._lock(): print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, spool)], pass_fds=spool, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()
    os.write(writing, b"one")
    assert spool.drain() == 3


def test_file_that_cannot_grow_does_not_stop_the_program(ends: tuple[Spool, int]) -> None:
    spool, writing = ends
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        os.write(writing, b"one two")
        spool.drain()
        os.write(writing, b"three")
        assert spool.drain() <= len("one two three")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert spool.read(0, 4, most=4) == b"one "
