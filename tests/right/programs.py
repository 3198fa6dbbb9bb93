"""Correct programs, each with something unusual that is legal.

``python -m tests.right.programs FUNCTION ADDRESS`` runs one of them.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

from tests.right.loop import BACKLOG, RETRY_SECONDS, STOP_SIGNALS, Loop, SocketPath, listen_or_exit, serve, stop_socket

PROCESSES = 4
OWN_DESCRIPTORS = 70
HEAP_BYTES = 64 << 20


def usual(address: str) -> None:
    """Do nothing unusual."""
    serve(address)


def prints_ready_line(address: str) -> None:
    """Write to stderr where it listens, 50 ms after it does."""

    def ready() -> None:
        time.sleep(0.05)
        _log("listening")

    serve(address, ready=ready)


def logs_each_client(address: str) -> None:
    """Write a line to stderr for each client, as services under a service manager do."""

    class Logging(Loop):
        def accepted(self, _connection: socket.socket) -> None:
            _log("<6>client connected")

    serve(address, Logging)


def logs_stop(address: str) -> None:
    """Write to stderr that it is stopping."""
    serve(address, stopping=lambda: _log("stopping"))


def waits_ten_seconds_for_clients(address: str) -> None:
    """Give clients ten seconds to end their connections at the stop, and close these connections only then."""
    stop = stop_socket()
    listener = listen_or_exit(address)
    path = SocketPath(listener)
    loop = Loop(listener)
    loop.run_until_readable(stop)
    path.remove()
    loop.drain(10)


def opens_own_descriptors(address: str) -> None:
    """Open 70 descriptors of its own at the start, for example a pool of connections to something else."""
    serve(address, ready=lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(OWN_DESCRIPTORS)])


def opens_descriptors_late(address: str) -> None:
    """Open ten descriptors of its own with the first client, and keep them."""

    class Late(Loop):
        def accepted(self, _connection: socket.socket) -> None:
            if not opened:
                opened.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(10))

    opened: list[int] = []
    serve(address, Late)


def gathers_replies(address: str) -> None:
    """Gather replies for 25 ms before it sends them."""

    class Gathering(Loop):
        def before_waiting(self) -> None:
            if self.unsent:
                time.sleep(0.025)

    serve(address, Gathering)


def installs_handlers_late(address: str) -> None:
    """Listen first, and install the signal handlers 20 ms later."""
    listener = listen_or_exit(address)
    path = SocketPath(listener)
    time.sleep(0.02)
    stop = stop_socket()
    loop = Loop(listener)
    loop.run_until_readable(stop)
    path.remove()
    loop.end_reading()
    loop.drain(1)


def starts_slowly(address: str) -> None:
    """Take 1.5 seconds before it listens."""
    time.sleep(1.5)
    serve(address)


def reads_little_at_a_time(address: str) -> None:
    """Receive at most 1000 bytes at a time."""

    class Reading(Loop):
        receive_bytes = 1000

    serve(address, Reading)


def sends_little_at_a_time(address: str) -> None:
    """Send at most 1000 bytes at a time."""

    class Sending(Loop):
        send_bytes = 1000

    serve(address, Sending)


def closes_late(address: str) -> None:
    """Send FIN at once, and close the descriptor of a connection 50 ms later."""

    class Late(Loop):
        def before_waiting(self) -> None:
            while closing and closing[0][0] < time.monotonic():
                closing.pop(0)[1].close()
            self.tick_seconds = 0.01 if closing else None

        def close(self, connection: socket.socket) -> None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            closing.append((time.monotonic() + 0.05, connection))

    closing: list[tuple[float, socket.socket]] = []
    serve(address, Late)


def wakes_up_regularly(address: str) -> None:
    """Wake up ten times a second without an event, as for a timer."""

    class Ticking(Loop):
        tick_seconds = 0.1

    serve(address, Ticking)


def uses_much_memory(address: str) -> None:
    """Allocate 64 MiB at the start."""
    heap = bytearray(HEAP_BYTES)
    serve(address, stopping=lambda: len(heap))


def waits_for_signals_in_main_thread(address: str) -> None:
    """Block the signals, wait for one in the main thread with ``sigwait()``, and serve in another thread."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    listener = listen_or_exit(address)
    path = SocketPath(listener)
    readable, writable = socket.socketpair()
    loop = Loop(listener)
    thread = threading.Thread(target=loop.run_until_readable, args=[readable])
    thread.start()
    signal.sigwait(STOP_SIGNALS)
    writable.close()
    thread.join()
    path.remove()
    loop.end_reading()
    loop.drain(1)


def keeps_helper_process(address: str) -> None:
    """Run a helper process all the time, and end it at the stop."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as helper:
        serve(address)
        assert helper.stdin
        helper.stdin.close()


def prefork(address: str) -> None:
    """Serve in four processes that share the listener; the parent only waits for the signal."""
    stop = stop_socket()
    listener = listen_or_exit(address)
    path = SocketPath(listener)
    told, tell = socket.socketpair()
    for _ in range(PROCESSES):
        if os.fork() == 0:
            signal.set_wakeup_fd(-1)
            tell.close()
            _work(listener, told)
    listener.close()
    told.close()
    _wait_for_signal(stop)
    path.remove()
    tell.close()
    for _ in range(PROCESSES):
        os.wait()


def passes_connections_on(address: str) -> None:
    """Accept in one process, and serve in another one, which receives each connection through a socket."""
    stop = stop_socket()
    listener = listen_or_exit(address)
    path = SocketPath(listener)
    sender, receiver = socket.socketpair(type=socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        signal.set_wakeup_fd(-1)
        sender.close()
        listener.close()
        _serve_received(receiver)
    receiver.close()
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(stop, selectors.EVENT_READ)
        while stop not in [key.fileobj for key, _ in selector.select()]:
            if not _pass_on(listener, sender):
                time.sleep(RETRY_SECONDS)
    for _ in range(BACKLOG):
        if not _pass_on(listener, sender):
            break
    path.remove()
    listener.close()
    sender.close()
    os.wait()


def _pass_on(listener: socket.socket, sender: socket.socket) -> bool:
    """Accept a connection and pass it on; return False if none waits or no descriptor is left."""
    try:
        connection, _ = listener.accept()
    except ConnectionAbortedError:
        return True
    except OSError:
        return False
    with connection:
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        socket.send_fds(sender, [b"x"], [connection.fileno()])
    return True


def _serve_received(receiver: socket.socket) -> None:
    class Receiving(Loop):
        at_end = False

        def _accept(self) -> None:
            message, files, _, _ = socket.recv_fds(receiver, 1, 1)
            if files:
                connection = socket.socket(fileno=files[0])
                connection.setblocking(False)
                self.unsent[connection] = b""
                self._selector.register(connection, selectors.EVENT_READ)
            elif not message:
                self.at_end = True
                self._selector.unregister(receiver)

    loop = Receiving(receiver)
    while not loop.at_end:
        loop.step(None)
    loop.listener = None
    loop.end_reading()
    loop.drain(1)
    os._exit(0)


def serves_in_own_session(address: str) -> None:
    """Serve in a child process that leads a session of its own, and pass signals on to it, as ``sudo`` does."""
    stop = stop_socket()
    server = subprocess.Popen([sys.executable, "-m", __spec__.name, "usual", address], start_new_session=True)
    ended = threading.Thread(target=lambda: os._exit(server.wait()))
    ended.start()
    _wait_for_signal(stop)
    server.terminate()
    ended.join()


def _work(listener: socket.socket, told: socket.socket) -> None:
    loop = Loop(listener)
    loop.run_until_readable(told)
    loop.end_reading()
    loop.drain(1)
    os._exit(0)


def _wait_for_signal(stop: socket.socket) -> None:
    stop.setblocking(True)
    while not set(stop.recv(64)) & set(STOP_SIGNALS):
        pass


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run the function that the first argument names, at the address in the second one."""
    function, address = sys.argv[1:]
    globals()[function](address)


if __name__ == "__main__":
    main()
