"""The accept loop of the blocking servers."""

import selectors
import socket
from collections.abc import Iterator

from upecho.serving.contract import GONE_BEFORE_ACCEPT, OUT_OF_RESOURCES, RETRY_SECONDS, Stop


def accepting(listener: socket.socket, stop: Stop) -> Iterator[socket.socket]:
    """Yield each new connection as a blocking socket; after the stop, close the listener and end."""
    listener.setblocking(False)
    with listener, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(stop, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in selector.select()):
            try:
                connection, _ = listener.accept()
            except OSError as error:
                if error.errno in GONE_BEFORE_ACCEPT:
                    continue
                if error.errno not in OUT_OF_RESOURCES:
                    raise
                selector.unregister(listener)
                selector.select(RETRY_SECONDS)
                selector.register(listener, selectors.EVENT_READ)
                continue
            yield connection
