"""Checks of the path of a Unix socket: who may connect, and when a server may create, replace and remove it."""

import signal
import socket
import stat
from pathlib import Path

from upecho.conformance.check import Level, check
from upecho.conformance.harness.launcher import GRACE_SECONDS, Launcher
from upecho.conformance.harness.violation import Violation
from upecho.net.address import MAX_PATH_BYTES, Address, Family

STOPS = (signal.SIGTERM, signal.SIGINT)
OWNER_ONLY = 0o700


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_stale_socket_path_reused(launcher: Launcher) -> None:
    """A server starts at a Unix path that a server which no longer runs has left behind.

    Source: unix(7): binding creates a path, and closing does not remove it.
    """
    address = launcher.new_address()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(Address.parse(address).path)
    launcher.start(address).connect().exchange(b"reclaimed")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_live_socket_path_kept(launcher: Launcher) -> None:
    """A server refuses a Unix path at which another server listens, even if its queue is full.

    Source: unix(7): a path that is removed and bound again cuts off the server that listened there.
    """
    address = launcher.new_address()
    path = Path(Address.parse(address).path)
    with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as client:
        live.bind(str(path))
        live.listen(0)
        client.connect(str(path))
        before = path.lstat().st_ino
        launcher.expect_refusal(address)
        if not path.exists() or path.lstat().st_ino != before:
            raise Violation("the socket of the other server at the path", "another socket or none")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_regular_file_kept(launcher: Launcher) -> None:
    """A server refuses a Unix path that is a regular file, and does not change the file.

    Source: unix(7): bind() fails with EADDRINUSE on any existing path; only a socket could be stale.
    """
    address = launcher.new_address()
    path = Path(Address.parse(address).path)
    path.write_text("precious")
    launcher.expect_refusal(address)
    if not path.is_file() or path.read_text() != "precious":
        raise Violation("the file unchanged", "it was changed or removed")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_socket_path_too_long(launcher: Launcher) -> None:
    """A server refuses a Unix path that is longer than the system allows, with one clear line on stderr.

    Source: unix(7): sun_path has 108 bytes.
    """
    launcher.expect_refusal(f"unix:{launcher.supervisor.directory}/{'x' * MAX_PATH_BYTES}")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_socket_path_removed_at_stop(launcher: Launcher) -> None:
    """A server that was told to stop removes its Unix path.

    Source: unix(7): closing a socket does not remove its path.
    """
    for number in STOPS:
        server = launcher.start()
        server.stop(number, GRACE_SECONDS)
        if Path(server.address.path).exists():
            raise Violation("no path after the stop", "the path still exists")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_replaced_socket_path_kept(launcher: Launcher) -> None:
    """A server does not remove its Unix path at stop if another server has bound the path in the meantime.

    Source: unix(7): a path may be removed and bound again while the first socket is open.
    """
    server = launcher.start()
    path = Path(server.address.path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        before = path.lstat().st_ino
        server.stop(signal.SIGTERM, GRACE_SECONDS)
        if not path.exists() or path.lstat().st_ino != before:
            raise Violation("the socket of the other server at the path", "another socket or none")


@check(Level.SHOULD, process=True, families=[Family.UNIX])
def test_socket_path_permissions(launcher: Launcher) -> None:
    """A Unix path is accessible only to its owner, unless other permissions were requested.

    Source: unix(7): connecting requires write permission on the path, which otherwise depends on the umask.
    """
    mode = stat.S_IMODE(Path(launcher.start().address.path).stat().st_mode)
    if mode & ~OWNER_ONLY:
        raise Violation(f"at most {OWNER_ONLY:04o}", f"{mode:04o}")
