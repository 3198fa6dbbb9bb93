"""Step 2: serve one client after another, whatever the client before has done."""

import contextlib

MAX_CLIENTS = 1


def answer(connection):
    with connection, contextlib.suppress(OSError):  # the client is gone
        while data := connection.recv(65536):
            connection.sendall(data.upper())


def serve(listener, stop):
    while True:
        connection, _ = listener.accept()
        answer(connection)
