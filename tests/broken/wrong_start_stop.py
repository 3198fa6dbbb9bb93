"""Servers that start, handle signals or stop wrongly."""

import contextlib
import errno
import os
import select
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence

from tests.broken.threads import RECEIVE_BYTES, echo, serve_with
from upecho.servers.selectors import Loop
from upecho.servers.selectors import serve as serve_in_one_thread
from upecho.servers.threads import serve as serve_correctly
from upecho.serving.contract import Stop


def closes_listener_at_start(listener: socket.socket, stop: Stop) -> None:
    """Close the listening socket once the server has been announced as ready."""
    listener.close()
    _wait_for_stop(stop)


def ignores_stop(listener: socket.socket, stop: Stop) -> None:
    """Keep serving after the stop."""
    serve_correctly(listener, _never(stop))


def exits_with_status_7_at_stop(listener: socket.socket, stop: Stop) -> None:
    """Exit with status 7 at the stop."""
    _at_stop(stop, lambda: os._exit(7))
    ignores_stop(listener, stop)


def waits_for_clients_at_stop(listener: socket.socket, stop: Stop) -> None:
    """Wait without limit until every client has disconnected by itself."""
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # by which upecho ends a server that does not stop in time
    connected = threading.Semaphore(0)
    ended = threading.Semaphore(0)

    def handler(connection: socket.socket) -> None:
        connected.release()
        echo(connection)
        ended.release()

    def leave() -> None:
        while connected.acquire(blocking=False):
            ended.acquire()
        os._exit(0)

    _at_stop(stop, leave)
    serve_with(handler, listener, _never(stop))


def resets_connections_at_stop(listener: socket.socket, stop: Stop) -> None:
    """Reset all open connections at the stop."""

    class Resetting(Loop):
        def _stop(self) -> None:
            for connection in self.connections:
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os._exit(0)

    # In one thread, since with more of them, the last replies and FIN could be sent before the stop is noticed.
    with selectors.DefaultSelector() as selector:
        Resetting(listener, stop, selector).run()


def resets_queued_client_at_stop(listener: socket.socket, stop: Stop) -> None:
    """Close the listener at the stop without accepting a client in its queue."""

    class Listener(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if select.select([stop], [], [], 0)[0]:
                raise BlockingIOError(errno.EAGAIN, "no client")
            return super().accept()

    serve_correctly(Listener(fileno=listener.detach()), stop)


def exits_in_signal_handler(listener: socket.socket, stop: Stop) -> None:
    """Exit in the signal handler, without replying to data that has already arrived."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    serve_in_one_thread(listener, stop)


def restores_default_signal_actions(listener: socket.socket, stop: Stop) -> None:
    """Let SIGTERM and SIGINT kill the process."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    serve_correctly(listener, stop)


def notices_signals_only_in_main_thread(listener: socket.socket, stop: Stop) -> None:
    """Leave the stop to a Python signal handler, which waits until the main thread wakes up by itself."""
    _notice_only_in_main_thread([signal.SIGTERM, signal.SIGINT], listener, stop)


def notices_interrupt_only_in_main_thread(listener: socket.socket, stop: Stop) -> None:
    """Leave SIGINT alone to a Python signal handler, which waits until the main thread wakes up by itself."""
    _notice_only_in_main_thread([signal.SIGINT], listener, stop)


def _notice_only_in_main_thread(numbers: Sequence[signal.Signals], listener: socket.socket, stop: Stop) -> None:
    reader, writer = socket.socketpair()
    signal.set_wakeup_fd(-1)
    for number in numbers:
        signal.signal(number, lambda *_: writer.send(b"x"))
    if signal.SIGTERM not in numbers:
        _at_stop(stop, writer.close)
    serve_correctly(listener, Stop(reader, stop.settings))


def leaves_children_to_signals(listener: socket.socket, stop: Stop) -> None:
    """Answer each client in a child process that SIGTERM and SIGINT kill, which spares only the parent."""
    listener.setblocking(False)
    connections: dict[int, socket.socket] = {}
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.register(stop, select.POLLIN)
    while stop.fileno() not in dict(poll.poll(20 if connections else None)):
        _reap(connections)
        with contextlib.suppress(BlockingIOError):
            connection, _ = listener.accept()
            connections[_fork(connection, [listener, *connections.values()])] = connection
    listener.close()
    for connection in connections.values():
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)
    deadline = time.monotonic() + stop.grace
    while connections and time.monotonic() < deadline:
        _reap(connections)
        time.sleep(0.01)
    for pid in connections:
        os.kill(pid, signal.SIGKILL)


def receives_once_at_stop(listener: socket.socket, stop: Stop) -> None:
    """Reply only to what one more receive returns from each client at the stop."""

    def handler(connection: socket.socket) -> None:
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        poll.register(stop, select.POLLIN)
        while stop.fileno() not in dict(poll.poll()):
            if not (data := connection.recv(RECEIVE_BYTES)):
                break
            connection.sendall(data.upper())
        else:
            with contextlib.suppress(BlockingIOError):
                connection.sendall(connection.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT).upper())

    serve_with(handler, listener, stop)


def leaves_child_process(listener: socket.socket, stop: Stop) -> None:
    """Leave a child process running after the stop."""
    os.posix_spawn("/bin/sleep", ["sleep", "600"], {}, file_actions=[(os.POSIX_SPAWN_CLOSE, listener.fileno())])
    serve_correctly(listener, stop)


def waits_for_stalled_clients(listener: socket.socket, stop: Stop) -> None:
    """Wait an hour for stalled clients at the stop instead of the grace period."""
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # by which upecho ends a server that does not stop in time
    serve_correctly(listener, stop._replace(settings=stop.settings._replace(grace=3600.0)))


def exits_on_sigwinch(listener: socket.socket, stop: Stop) -> None:
    """Exit when SIGWINCH reports that the terminal was resized."""
    signal.signal(signal.SIGWINCH, lambda *_: os._exit(0))
    serve_correctly(listener, stop)


def loses_data_on_sigwinch(listener: socket.socket, stop: Stop) -> None:
    """Discard what the first receive after SIGWINCH returns, as if the signal had interrupted it."""
    interrupted = threading.Event()
    signal.signal(signal.SIGWINCH, lambda *_: interrupted.set())

    def handler(connection: socket.socket) -> None:
        while data := connection.recv(RECEIVE_BYTES):
            if interrupted.is_set():
                interrupted.clear()
            else:
                connection.sendall(data.upper())

    serve_with(handler, listener, stop)


def _fork(connection: socket.socket, others: list[socket.socket]) -> int:
    """Answer a client in a child process, which closes the other sockets; return its id to the parent."""
    if pid := os.fork():
        return pid
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    for other in others:
        other.close()
    connection.setblocking(True)
    with contextlib.suppress(OSError):
        echo(connection)
    os._exit(0)


def _reap(connections: dict[int, socket.socket]) -> None:
    """Close the connection of each child that has ended."""
    with contextlib.suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            connections.pop(pid).close()


def _never(stop: Stop) -> Stop:
    """Return a stop with the same settings that never becomes readable, since nobody can send to an unbound socket."""
    return Stop(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), stop.settings)


def _at_stop(stop: Stop, action: Callable[[], None]) -> None:
    """Call ``action`` in a thread at the stop."""

    def wait() -> None:
        _wait_for_stop(stop)
        action()

    threading.Thread(target=wait, daemon=True).start()


def _wait_for_stop(stop: Stop) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(stop, selectors.EVENT_READ)
        selector.select()
