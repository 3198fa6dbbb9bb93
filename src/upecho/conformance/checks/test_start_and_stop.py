"""Checks of start and stop: a server is ready when it says so, shuts down gracefully, and binds only free addresses."""

import random
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
SEED = 20260704
IN_FLIGHT_BYTES = 400_000  # more than most servers receive in one call; a Unix socket accepts half of that
WARM_UP_BYTES = 1 << 20  # widens the TCP window
CLIENTS = 3
STALLED_BYTES = 64 << 20
SHORT_GRACE_SECONDS = 0.3
PIECE_BYTES = 200_000
SIGNALS = (signal.SIGSTOP, signal.SIGCONT, *[signal.SIGWINCH] * 10)


@check(Level.MUST, gate=False, process=True)
def test_accepts_when_ready(launcher: Launcher) -> None:
    """Once the server reports that it is ready, the first connection succeeds.

    Source: POSIX listen(): connections are queued from then on.
    """
    launcher.start().connect().exchange(b"first")


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown(launcher: Launcher) -> None:
    """SIGTERM or SIGINT ends a server without clients with exit status 0, and no child process is left.

    Source: POSIX signal concepts: SIGTERM requests termination; systemd.kill(5), and Ctrl-C in a terminal.
    """
    for number in STOPS:
        server = launcher.start()
        server.expect_serves_new_clients()
        server.stop(number, GRACE_SECONDS)
        server.expect_no_process_left()


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_idle_client(launcher: Launcher) -> None:
    """SIGTERM or SIGINT ends a server with a silent client with exit status 0, and the client receives FIN.

    Source: RFC 9293 section 3.6: an orderly close, not an abort.
    """
    for number in STOPS:
        server = launcher.start()
        client = server.connect()
        client.exchange(b"then silence")
        server.stop(number, GRACE_SECONDS)
        client.expect_fin()


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_no_data_loss(launcher: Launcher) -> None:
    """Before a server ends after SIGTERM, it answers all data that had arrived by then, and sends FIN.

    Source: RFC 9293 section 3.6: an orderly close loses nothing; service managers call it a graceful stop.
    """
    server = launcher.start()
    clients = server.connect_many(CLIENTS)
    for client in clients:
        client.send(bytes(WARM_UP_BYTES), eager=True)
        client.receive()
    with server.paused():
        for client in clients:
            client.send_up_to_window(random.Random(SEED).randbytes(IN_FLIGHT_BYTES))
        server.request_stop(signal.SIGTERM)
    for client in clients:
        client.expect_fin()
    server.expect_exit(GRACE_SECONDS)


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_stalled_client(launcher: Launcher) -> None:
    """A client that does not read delays the end of a server by at most its grace period; the exit status is 0.

    Source: systemd.kill(5): a service that does not end in time is killed, together with its connections.
    """
    server = launcher.start(grace=SHORT_GRACE_SECONDS)
    server.connect().stall(STALLED_BYTES)
    server.stop(signal.SIGTERM, SHORT_GRACE_SECONDS)


@check(Level.MUST, gate=False, process=True)
def test_survives_signals(launcher: Launcher) -> None:
    """SIGSTOP, SIGCONT and SIGWINCH in the middle of a transfer cause no loss of data.

    Source: signal(7): EINTR and partial transfers; PEP 475.
    """
    server = launcher.start()
    client = server.connect()
    source = random.Random(SEED)
    for _ in range(20):
        client.send(source.randbytes(PIECE_BYTES))
        for number in SIGNALS:
            server.send_signal(number)
    client.receive()


@check(Level.MUST, gate=False, process=True)
def test_immediate_restart(launcher: Launcher) -> None:
    """A server starts again at the same address at once, after a stop with a connected client and after SIGKILL.

    Source: RFC 9293 section 3.6.1 (TIME-WAIT); SO_REUSEADDR in socket(7); a Unix path outlives a killed server.
    """
    first = launcher.start()
    address = str(first.address)
    first.connect().exchange(b"first")
    first.stop(signal.SIGTERM, GRACE_SECONDS)
    second = launcher.start(address)
    second.connect().exchange(b"second")
    second.kill()
    launcher.start(address).connect().exchange(b"third")


@check(Level.MUST, gate=False, process=True)
def test_address_in_use(launcher: Launcher) -> None:
    """A second server at an address in use exits with one clear line on stderr, and the first is not disturbed.

    Source: POSIX bind(): EADDRINUSE.
    """
    first = launcher.start()
    client = first.connect()
    launcher.expect_refusal(str(first.address))
    client.exchange(b"undisturbed")
    client.close()
    first.expect_serves_new_clients()


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
