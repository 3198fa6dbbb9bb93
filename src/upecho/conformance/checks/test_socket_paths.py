"""Checks of the path of a Unix socket: who may connect, and when a server may create, replace and remove it."""

import contextlib
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upecho.conformance.check import Level, check
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Violation, precondition
from upecho.net.address import MAX_PATH_BYTES, Address, Family
from upecho.processes.linux.creation_stops import stopping_at_creation

STOPS = (signal.SIGTERM, signal.SIGINT)
OWNER_ONLY = 0o700


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_stale_socket_path_reused(launcher: Launcher) -> None:
    """A server starts at a Unix path that a server which no longer runs has left behind.

    Source: unix(7): binding creates a path, and closing does not remove it.
    """
    address = launcher.starter.new_address()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(Address.parse(address).path)
    launcher.start(address).connect()


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_live_socket_path_kept(launcher: Launcher) -> None:
    """A server refuses a Unix path at which another server listens, even if its queue is full.

    Its queue is full only on Linux. Elsewhere, that cannot be told from a server that does not run any more.

    Source: unix(7): a path that is removed and bound again cuts off the server that listened there.
    """
    address = launcher.starter.new_address()
    path = Path(Address.parse(address).path)
    with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as client:
        live.bind(str(path))
        live.listen(0 if sys.platform == "linux" else 1)
        if sys.platform == "linux":
            client.connect(str(path))
        with _expect_same_file(path):
            launcher.starter.expect_refusal(address)


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_regular_file_kept(launcher: Launcher) -> None:
    """A server refuses a Unix path that is a regular file, and does not change the file.

    Source: unix(7): bind() fails with EADDRINUSE on any existing path; only a socket could be stale.
    """
    address = launcher.starter.new_address()
    path = Path(Address.parse(address).path)
    path.write_text("precious")
    launcher.starter.expect_refusal(address)
    if _content(path) != b"precious":
        raise Violation("the file unchanged", "it was changed or removed")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_socket_path_too_long(launcher: Launcher) -> None:
    """A server refuses a Unix path that is longer than the system allows.

    Source: unix(7): sun_path has a fixed size, which is 108 bytes on Linux.
    """
    launcher.starter.expect_refusal(f"unix:{launcher.starter.supervisor.directory}/{'x' * MAX_PATH_BYTES}")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_socket_path_removed_at_stop(launcher: Launcher) -> None:
    """A server that was told to stop removes its Unix path.

    Source: unix(7): closing a socket does not remove its path.
    """
    for number in STOPS:
        server = _answering(launcher)
        server.end(number)
        if _inode(Path(server.address.path)) is not None:
            raise Violation(f"no path after {number.name}", "the path still exists")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_replaced_socket_path_kept(launcher: Launcher) -> None:
    """A server does not remove its Unix path at stop if another server has bound the path in the meantime.

    Source: unix(7): a path may be removed and bound again while the first socket is open.
    """
    server = _answering(launcher)
    path = Path(server.address.path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{path}.other")
        Path(f"{path}.other").rename(path)  # at once, so that no moment is left in which the server could bind again
        with _expect_same_file(path):
            server.end(signal.SIGTERM)


@check(Level.SHOULD, process=True, families=[Family.UNIX])
def test_socket_path_permissions(launcher: Launcher) -> None:
    """From bind() on, a Unix path is accessible only to its owner, even if the server inherits a umask of 0.

    This does not apply if other permissions were requested, as with the option ``--mode`` of ``upecho serve``.

    Source: unix(7): connecting requires write permission on the path, which depends on the umask; a chmod after bind()
    leaves a moment in which any user may connect.
    """
    directory = launcher.starter.new_directory()
    path = directory / "s"
    modes: list[int] = []
    with (
        stopping_at_creation(directory, Path(f"{directory}.pid"), lambda: modes.extend(_mode(path))) as prefix,
        precondition("a server at a Unix path"),
    ):
        launcher.start(f"unix:{path}", umask=0, prefix=prefix)
    modes += _mode(path)
    if any(mode & ~OWNER_ONLY for mode in modes):
        seen = ", then ".join(dict.fromkeys(f"{mode:04o}" for mode in modes))
        raise Violation(f"at most {OWNER_ONLY:04o} from bind() on", seen)


def _mode(path: Path) -> Iterator[int]:
    """Yield the permissions of a path, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        yield stat.S_IMODE(path.lstat().st_mode)


def _answering(launcher: Launcher) -> Server:
    """Return a new server that has answered a client; nothing is judged yet."""
    with precondition("an echo before the stop"):
        server = launcher.start()
        client = server.connect()
        client.exchange(b"before the stop")
        client.close()
    return server


@contextmanager
def _expect_same_file(path: Path) -> Iterator[None]:
    """Expect that after the block the same socket is at a path as before."""
    before = _inode(path)
    yield
    if _inode(path) != before:
        raise Violation("the socket of the other server at the path", "another socket or none")


def _inode(path: Path) -> int | None:
    """Return the inode number of a path; None if nothing is there."""
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return None


def _content(path: Path) -> bytes | None:
    """Return the content of a regular file; None if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
