"""The common part of the correct Python programs: a readiness loop in one thread that does not use upecho's code."""

import atexit
import contextlib
import os
import selectors
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

MAX_UNSENT_BYTES = 1 << 17  # of one client, beyond which nothing more is received from it
BACKLOG = 512
RETRY_SECONDS = 0.1  # after which the loop accepts again if no descriptor was left
DRAIN_SECONDS = 0.1  # longest wait of one step at the stop
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Connections = dict[socket.socket, bytes]


def listen(address: str) -> socket.socket:
    """Return a listener at an address, which is a path of a Unix socket or a host with a port.

    Raises:
        OSError: The address cannot be used.
    """
    if address.startswith("unix:"):
        listener = _bound_to_path(address.removeprefix("unix:"))
    else:
        host, _, port = address.rpartition(":")
        listener = socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.strip("[]"), int(port)))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def _bound_to_path(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    path = "\0" + name[1:] if name.startswith("@") else name
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError:
        _remove_if_stale(path)
        listener.bind(path)
    finally:
        os.umask(mask)
    return listener


def _remove_if_stale(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                Path(path).unlink()


class Loop:
    """A readiness loop that answers all clients; a subclass makes it unusual.

    Attributes:
        listener: The listening socket, or None once it is closed.
        unsent: The bytes that still have to be sent, by connection.
        ended: The connections whose clients have shut down their sending side.
    """

    receive_bytes = 65536
    send_bytes = MAX_UNSENT_BYTES
    tick_seconds: float | None = None  # between two wake-ups without any event

    def __init__(self, listener: socket.socket) -> None:
        self.listener: socket.socket | None = listener
        self.unsent: Connections = {}
        self.ended: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._retry_at: float | None = None

    def accepted(self, connection: socket.socket) -> None:
        """Do something unusual with a new connection."""

    def before_waiting(self) -> None:
        """Do something unusual before each wait for events."""

    def close(self, connection: socket.socket) -> None:
        """Close a connection."""
        connection.close()

    def run_until_readable(self, stop: socket.socket) -> None:
        """Serve until the stop is readable, and close the listener."""
        self._selector.register(stop, selectors.EVENT_READ)
        while not self.step(RETRY_SECONDS if self._retry_at else self.tick_seconds, stop):
            pass
        self._selector.unregister(stop)
        assert self.listener
        if not self._retry_at:
            self._selector.unregister(self.listener)
        self._retry_at = None
        self.listener.close()
        self.listener = None

    def end_reading(self) -> None:
        """Let each connection end once everything that has arrived is answered."""
        for connection in list(self.unsent):
            with contextlib.suppress(OSError):  # the client is gone
                connection.shutdown(socket.SHUT_RD)

    def drain(self, seconds: float) -> None:
        """Serve until all connections are closed or the time is over."""
        deadline = time.monotonic() + seconds
        while self.unsent and time.monotonic() < deadline:
            self.step(DRAIN_SECONDS)

    def step(self, seconds: float | None, stop: socket.socket | None = None) -> bool:
        """Handle the events of one wait of at most ``seconds``, and return whether the stop is readable."""
        self.before_waiting()
        stopping = False
        for key, events in self._selector.select(seconds):
            if key.fileobj is stop:
                stopping = True
            elif key.fileobj is self.listener:
                self._accept()
            elif isinstance(key.fileobj, socket.socket) and key.fileobj in self.unsent:
                self._serve(key.fileobj, events)
        if self._retry_at and time.monotonic() > self._retry_at and self.listener:
            self._retry_at = None
            self._selector.register(self.listener, selectors.EVENT_READ)
        return stopping

    def _accept(self) -> None:
        assert self.listener
        try:
            connection, _ = self.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # no descriptor is left
            self._selector.unregister(self.listener)
            self._retry_at = time.monotonic() + RETRY_SECONDS
            return
        connection.setblocking(False)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unsent[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)
        self.accepted(connection)

    def _serve(self, connection: socket.socket, events: int) -> None:
        try:
            self._transfer(connection, events)
        except BlockingIOError:
            pass
        except OSError:  # the client is gone
            return self._drop(connection)
        if connection in self.ended and not self.unsent[connection]:
            return self._drop(connection)
        wanted = selectors.EVENT_WRITE if self.unsent[connection] else 0
        if connection not in self.ended and len(self.unsent[connection]) < MAX_UNSENT_BYTES:
            wanted |= selectors.EVENT_READ
        self._selector.modify(connection, wanted)
        return None

    def _transfer(self, connection: socket.socket, events: int) -> None:
        """Receive and send once, as far as possible."""
        if events & selectors.EVENT_READ:
            data = connection.recv(self.receive_bytes)
            if not data:
                self.ended.add(connection)
            self.unsent[connection] += data.upper()
        if unsent := self.unsent[connection]:
            self.unsent[connection] = unsent[connection.send(unsent[: self.send_bytes]) :]

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self.ended.discard(connection)
        del self.unsent[connection]
        self.close(connection)


class SocketPath:
    """The path of a Unix socket, which is removed at the stop if it is still the one that the server has created."""

    def __init__(self, listener: socket.socket) -> None:
        name = listener.getsockname() if listener.family == socket.AF_UNIX else b""
        self._path = name if isinstance(name, str) else ""  # the name of an abstract socket is bytes
        self._inode = os.lstat(self._path).st_ino if self._path else 0

    def remove(self) -> None:
        """Remove the path."""
        with contextlib.suppress(OSError):
            if self._path and os.lstat(self._path).st_ino == self._inode:
                Path(self._path).unlink()


def listen_or_exit(address: str) -> socket.socket:
    """Return a listener, or exit with status 1 and one line on stderr if the address cannot be used."""
    try:
        return listen(address)
    except OSError as error:
        sys.exit(f"cannot listen at {address}: {error}")


def _wake_nobody(readable: socket.socket) -> None:
    signal.set_wakeup_fd(-1)
    readable.close()


def stop_socket() -> socket.socket:
    """Install handlers for both signals, and return a socket that becomes readable when one arrives.

    A further signal may arrive until the process has ended, so the socket stays open until nothing writes to it.
    """
    readable, writable = socket.socketpair()
    readable.setblocking(False)
    writable.setblocking(False)
    signal.set_wakeup_fd(writable.detach())
    atexit.register(_wake_nobody, readable)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)
    return readable


def serve(
    address: str,
    kind: Callable[[socket.socket], Loop] = Loop,
    *,
    ready: Callable[[], object] = lambda: None,
    stopping: Callable[[], object] = lambda: None,
) -> None:
    """Serve at an address until a signal, then answer what has arrived and close the connections.

    Args:
        address: The address in the form that ``{address}`` is replaced by.
        kind: The loop.
        ready: Called once the server listens.
        stopping: Called once after the signal.
    """
    stop = stop_socket()
    listener = listen_or_exit(address)
    path = SocketPath(listener)
    ready()
    loop = kind(listener)
    loop.run_until_readable(stop)
    stopping()
    path.remove()
    loop.end_reading()
    loop.drain(1)
