"""Step 1: the bytes are a stream, so answer until the client has nothing more to say."""

MAX_CLIENTS = 1


def serve(listener, stop):
    connection, _ = listener.accept()
    while data := connection.recv(65536):  # empty once the client has shut down its sending side
        connection.sendall(data.upper())
    connection.close()
    listener.close()
