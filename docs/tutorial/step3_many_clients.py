"""Step 3: serve all clients at once, and continue when there are too many."""

import contextlib
import threading
import time


def answer(connection):
    with connection, contextlib.suppress(OSError):  # the client is gone
        while data := connection.recv(65536):
            connection.sendall(data.upper())


def serve(listener, stop):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the client is gone already, or no descriptor is left
            time.sleep(0.1)
        else:
            threading.Thread(target=answer, args=(connection,), daemon=True).start()
