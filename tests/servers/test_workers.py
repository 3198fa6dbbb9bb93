"""What servers with several workers share."""

import socket

from upecho.servers.shared.workers import WorkerEnd


def test_worker_that_is_ready_after_the_stop_ends_without_an_error() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        WorkerEnd(theirs.fileno()).ready()
        assert theirs.recv(1) == b""
