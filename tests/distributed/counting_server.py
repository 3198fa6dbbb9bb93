"""A server that counts the bytes from each host. It prints the counts when SIGUSR1 or SIGTERM comes, which ends it."""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections import Counter
from typing import Self

from upecho.net.address import Address


class CountingServer:
    """The server, seen from a test.

    Attributes:
        address: Where it listens.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout
        self._stdout = process.stdout
        self.address = self._stdout.readline().strip()

    @classmethod
    def start(cls) -> Self:
        """Start it on loopback."""
        return cls(subprocess.Popen([sys.executable, __file__, "127.0.0.1"], stdout=subprocess.PIPE, text=True))

    def counts(self, number: int = signal.SIGUSR1) -> dict[str, int]:
        """Return how many bytes each host has sent so far."""
        self._process.send_signal(number)
        counts: dict[str, int] = json.loads(self._stdout.readline())
        return counts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.communicate()


def main(host: str) -> None:
    received: Counter[str] = Counter()

    def show(number: int, frame: object) -> None:
        say(json.dumps(received))
        if number == signal.SIGTERM:
            sys.exit(0)

    for number in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(number, show)
    with socket.create_server((host, 0)) as listener, selectors.DefaultSelector() as selector:
        say(str(Address.of(listener)))
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    client, (peer, _) = listener.accept()
                    selector.register(client, selectors.EVENT_READ, peer)
                else:
                    answer(selector, key, received)


def answer(selector: selectors.BaseSelector, key: selectors.SelectorKey, received: "Counter[str]") -> None:
    assert isinstance(key.fileobj, socket.socket)
    try:
        data = key.fileobj.recv(65536)
        received[key.data] += len(data)
        key.fileobj.sendall(data.upper())
    except OSError:  # the client was killed
        data = b""
    if not data:
        selector.unregister(key.fileobj)
        key.fileobj.close()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # a stream may not be entered again by the handler of a signal


if __name__ == "__main__":
    main(sys.argv[1])
