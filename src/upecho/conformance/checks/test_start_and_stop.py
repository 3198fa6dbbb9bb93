"""Checks of start and stop: ready means ready, a stop is clean, and an address is taken only if it is free."""

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
IN_FLIGHT_BYTES = 400_000  # more than most servers receive at once; a Unix socket takes half of that
WARM_UP_BYTES = 1 << 20  # makes the window of TCP wide
CLIENTS = 3
STALLED_BYTES = 64 << 20
SHORT_GRACE_SECONDS = 0.3
PIECE_BYTES = 200_000
STORM = (signal.SIGSTOP, signal.SIGCONT, *[signal.SIGWINCH] * 10)


@check(Level.MUST, gate=False, process=True)
def test_accepts_when_ready(launcher: Launcher) -> None:
    """Once the server says that it is ready, the first connection succeeds.

    Source: POSIX listen(): from then on connections are queued.
    """
    launcher.start().connect().exchange(b"first")


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown(launcher: Launcher) -> None:
    """SIGTERM and SIGINT end a server without clients, with exit status 0 and no child left.

    Source: POSIX signal concepts: SIGTERM asks for termination; systemd.kill(5), and Ctrl-C in a terminal.
    """
    for number in STOPS:
        server = launcher.start()
        server.expect_serves_new_clients()
        server.stop(number, GRACE_SECONDS)
        server.expect_no_process_left()


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_idle_client(launcher: Launcher) -> None:
    """SIGTERM and SIGINT end a server with a silent client, which sees FIN; exit status 0.

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
    """What had arrived from connected clients when SIGTERM did is answered, before FIN; exit status 0.

    Source: RFC 9293 section 3.6: an orderly close loses nothing; the "graceful stop" of every service manager.
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
    """A client that does not read cannot keep a server from ending: after the grace it ends, with exit status 0.

    Source: systemd.kill(5): who does not end in time is killed, and all clients with it.
    """
    server = launcher.start(grace=SHORT_GRACE_SECONDS)
    server.connect().stall(STALLED_BYTES)
    server.stop(signal.SIGTERM, SHORT_GRACE_SECONDS)


@check(Level.MUST, gate=False, process=True)
def test_survives_signals(launcher: Launcher) -> None:
    """Being stopped and continued, and told of new window sizes, in the middle of a transfer loses nothing.

    Source: signal(7): EINTR and partial transfers; PEP 475.
    """
    server = launcher.start()
    client = server.connect()
    source = random.Random(SEED)
    for _ in range(20):
        client.send(source.randbytes(PIECE_BYTES))
        for number in STORM:
            server.send_signal(number)
    client.receive()


@check(Level.MUST, gate=False, process=True)
def test_immediate_restart(launcher: Launcher) -> None:
    """A server starts at the same address again at once, after a stop with a client connected and after SIGKILL.

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
    """A second server at the same address ends with one clear line, and the first one does not notice.

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
    """A Unix path that a dead server has left behind is used again.

    Source: unix(7): binding creates a path, and closing does not remove it.
    """
    address = launcher.new_address()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(Address.parse(address).path)
    launcher.start(address).connect().exchange(b"reclaimed")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_live_socket_path_kept(launcher: Launcher) -> None:
    """A Unix path at which somebody listens is left alone, even if that server has no room for a client just now.

    Source: unix(7): a path that is removed and bound again silently cuts off whoever listened there.
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
            raise Violation("the path as it was", "another socket, or none")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_regular_file_kept(launcher: Launcher) -> None:
    """A path that is a regular file is not touched, and said to be in the way.

    Source: unix(7): bind() fails with EADDRINUSE on any existing path; only a socket could be stale.
    """
    address = launcher.new_address()
    path = Path(Address.parse(address).path)
    path.write_text("precious")
    launcher.expect_refusal(address)
    if not path.is_file() or path.read_text() != "precious":
        raise Violation("the file as it was", "changed or gone")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_socket_path_too_long(launcher: Launcher) -> None:
    """A Unix path longer than the system takes is refused with one clear line.

    Source: unix(7): sun_path has 108 bytes.
    """
    launcher.expect_refusal(f"unix:{launcher.supervisor.directory}/{'x' * MAX_PATH_BYTES}")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_socket_path_removed_at_stop(launcher: Launcher) -> None:
    """A server that was stopped leaves no path behind.

    Source: unix(7): closing a socket does not remove its path.
    """
    for number in STOPS:
        server = launcher.start()
        server.stop(number, GRACE_SECONDS)
        if Path(server.address.path).exists():
            raise Violation("no path after the stop", "it is still there")


@check(Level.MUST, gate=False, process=True, families=[Family.UNIX])
def test_replaced_socket_path_kept(launcher: Launcher) -> None:
    """A server whose path has become somebody else's meanwhile leaves it alone when it stops.

    Source: unix(7): a path may be removed and bound again while the first socket lives.
    """
    server = launcher.start()
    path = Path(server.address.path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        before = path.lstat().st_ino
        server.stop(signal.SIGTERM, GRACE_SECONDS)
        if not path.exists() or path.lstat().st_ino != before:
            raise Violation("the other server's path as it was", "gone")


@check(Level.SHOULD, process=True, families=[Family.UNIX])
def test_socket_path_permissions(launcher: Launcher) -> None:
    """A Unix path is for its owner alone, unless something else was asked for.

    Source: unix(7): connecting takes write permission on the path; the umask decides otherwise.
    """
    mode = stat.S_IMODE(Path(launcher.start().address.path).stat().st_mode)
    if mode & ~OWNER_ONLY:
        raise Violation(f"at most {OWNER_ONLY:04o}", f"{mode:04o}")
