"""Clients that connect, receive a reply and leave, several at a time, so that a slow server serves many of them too."""

from collections.abc import Callable

from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.workloads.pace import paced

AT_ONCE = 8  # a server that works in turns accepts and answers this many clients in a few turns
LEAST = 32  # a server that leaks for each client has leaked enough to be noticed
CHURN_SECONDS = 1.5


def leave(client: Client) -> None:
    """Receive the reply, and close the connection."""
    client.receive()
    client.close()


def reset(client: Client) -> None:
    """Reset the connection while the reply is unread, which a Unix socket needs."""
    client.wait_for_reply()
    client.reset()


def churn(
    server: Server,
    most: int,
    *,
    end: Callable[[Client], None] = leave,
    least: int = LEAST,
    seconds: float = CHURN_SECONDS,
) -> int:
    """Serve up to ``most`` clients, and return their number.

    Args:
        server: The server.
        most: Number of clients of a fast server; a slow one gets fewer.
        end: How each client leaves.
        least: Number of clients that every server gets.
        seconds: Duration after which a slow server gets no more clients.
    """
    served = 0
    at_once = min(AT_ONCE, server.max_clients or AT_ONCE)
    for _ in paced(-(-most // at_once), least=-(-least // at_once), seconds=seconds):
        clients = [server.connect() for _ in range(min(at_once, most - served))]
        for client in clients:
            client.send(b"x")
        for client in clients:
            end(client)
        served += len(clients)
    return served
