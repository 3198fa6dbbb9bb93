"""Servers that start or stop wrongly."""

import contextlib
import dataclasses
import os
import select
import selectors
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable

from tests.broken.threaded import answering, serve_with
from upecho.servers.selectors import serve as serve_in_one_thread
from upecho.servers.threads import serve as serve_right
from upecho.serving.contract import Stop


def deaf(listener: socket.socket, stop: Stop) -> None:
    """Close the listener after it was said that all is ready."""
    listener.close()
    _wait(stop)


def ignores_stop(listener: socket.socket, stop: Stop) -> None:
    """Serve for ever."""
    never, _writer = socket.socketpair()
    serve_right(listener, Stop(never, stop.settings))


def fails_at_stop(listener: socket.socket, stop: Stop) -> None:
    """End with an exit status other than 0."""
    _at_stop(stop, lambda: os._exit(7))
    ignores_stop(listener, stop)


def waits_for_clients(listener: socket.socket, stop: Stop) -> None:
    """End when told to, but only once every client has left by itself, and let nothing else end that."""
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    connected = threading.Semaphore(0)
    ended = threading.Semaphore(0)

    def handler(connection: socket.socket) -> None:
        connected.release()
        answering(bytes.upper)(connection)
        ended.release()

    def leave() -> None:
        while connected.acquire(blocking=False):
            ended.acquire()
        os._exit(0)

    _at_stop(stop, leave)
    never, _writer = socket.socketpair()
    serve_with(handler, listener, Stop(never, stop.settings))


def resets_at_stop(listener: socket.socket, stop: Stop) -> None:
    """End in time, with an RST for whoever is connected."""
    opened: set[socket.socket] = set()

    def handler(connection: socket.socket) -> None:
        opened.add(connection)
        answering(bytes.upper)(connection)
        opened.remove(connection)

    def leave() -> None:
        for connection in opened:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os._exit(0)

    _at_stop(stop, leave)
    never, _writer = socket.socketpair()
    serve_with(handler, listener, Stop(never, stop.settings))


def drops_at_stop(listener: socket.socket, stop: Stop) -> None:
    """Leave at once, whatever has arrived: the handler of a signal runs before what the loop has to do next."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    serve_in_one_thread(listener, stop)


def answers_once_at_stop(listener: socket.socket, stop: Stop) -> None:
    """Answer what one more receive gets from each client, and leave."""

    def handler(connection: socket.socket) -> None:
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        poll.register(stop, select.POLLIN)
        while stop.fileno() not in dict(poll.poll()):
            if not (data := connection.recv(65536)):
                break
            connection.sendall(data.upper())
        else:
            with contextlib.suppress(BlockingIOError):
                connection.sendall(connection.recv(65536, socket.MSG_DONTWAIT).upper())

    serve_with(handler, listener, stop)


def leaves_child(listener: socket.socket, stop: Stop) -> None:
    """Leave a child behind, which has nothing to do any more."""
    os.posix_spawn("/bin/sleep", ["sleep", "600"], {}, file_actions=[(os.POSIX_SPAWN_CLOSE, listener.fileno())])
    serve_right(listener, stop)


def waits_for_readers(listener: socket.socket, stop: Stop) -> None:
    """Give each client an hour to read what it is owed, and let nothing else end that."""
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    patient = dataclasses.replace(stop, settings=dataclasses.replace(stop.settings, grace=3600.0))
    serve_right(listener, patient)


def ends_with_the_window(listener: socket.socket, stop: Stop) -> None:
    """Take the news that a terminal has another size for a reason to end."""
    signal.signal(signal.SIGWINCH, lambda *_: os._exit(0))
    serve_right(listener, stop)


def skips_what_was_interrupted(listener: socket.socket, stop: Stop) -> None:
    """Take a signal for a receive that has got nothing."""
    interrupted = threading.Event()
    signal.signal(signal.SIGWINCH, lambda *_: interrupted.set())

    def handler(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            if interrupted.is_set():
                interrupted.clear()
            else:
                connection.sendall(data.upper())

    serve_with(handler, listener, stop)


def _at_stop(stop: Stop, action: Callable[[], None]) -> None:
    def wait() -> None:
        _wait(stop)
        action()

    threading.Thread(target=wait, daemon=True).start()


def _wait(stop: Stop) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(stop, selectors.EVENT_READ)
        selector.select()
