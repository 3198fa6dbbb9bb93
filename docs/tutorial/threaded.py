"""threaded.py: a thread for each client."""

import contextlib
import select
import socket
import threading
import time


def answer(connection, threads):
    with contextlib.suppress(OSError):  # the client is gone
        while data := connection.recv(65536):
            connection.sendall(data.upper())
    del threads[connection]
    connection.close()


def accept(listener, threads):
    try:
        connection, _ = listener.accept()
    except OSError:  # no client waits, it is gone already, or no descriptor is left
        return False
    connection.setblocking(True)
    threads[connection] = threading.Thread(target=answer, args=(connection, threads), daemon=True)
    threads[connection].start()
    return True


def serve(listener, stop):
    listener.setblocking(False)
    threads = {}
    while stop not in select.select([listener, stop], [], [])[0]:
        if not accept(listener, threads):
            time.sleep(0.1)
    for _ in range(stop.backlog + 1):  # clients that have already connected are served, too; Linux queues one more
        accept(listener, threads)  # continue after a failure, which may concern only one of them
    listener.close()
    end(threads, socket.SHUT_RD)  # each thread answers what has arrived and then sees end of file
    deadline = time.monotonic() + stop.grace
    for thread in list(threads.values()):
        thread.join(max(0, deadline - time.monotonic()))
    end(threads, socket.SHUT_RDWR)


def end(connections, how):
    for connection in list(connections):
        with contextlib.suppress(OSError):  # the client ended the connection first
            connection.shutdown(how)
