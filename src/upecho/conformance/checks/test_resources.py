"""Checks of resources: clients come and go by the thousand, and what they cost goes with them."""

from collections.abc import Callable

from upecho.conformance.check import Level, check
from upecho.conformance.harness.client import Client
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.server import Server, settled

CHURN = 2000
RESETS = 600
TASK_CHURN = 200
TASK_SLACK = 10  # a pool of threads may still grow a little; what leaks does so with each client
WARM_UP = 300
MEASURED = 700
GROWTH_BYTES = 2 << 20  # 3 KiB a client, less than any connection costs
IDLE = 10
MANY = 100
DESCRIPTORS = 64
WAIT_SECONDS = 0.5

Record = Callable[[float | str, str], None]


def churn(server: Server, count: int) -> None:
    """Let clients come, be answered and leave, one after another."""
    for _ in range(count):
        client = server.connect()
        client.exchange(b"x")
        client.close()


@check(Level.MUST, observes=True)
def test_no_fd_leak_after_churn(server: Server) -> None:
    """After two thousand clients the server has as many descriptors open as before.

    Source: POSIX close(); cpython#127529 and its like.
    """
    with server.expect_unharmed():
        churn(server, CHURN)


@check(Level.MUST, observes=True)
def test_no_fd_leak_after_resets(server: Server) -> None:
    """After six hundred resets the server has as many descriptors open as before.

    Source: POSIX close(): a connection that was reset still has a descriptor; rloop 0.5.0 keeps it.
    """
    with server.expect_unharmed():
        for _ in range(RESETS):
            client = server.connect()
            client.send(b"x")
            client.wait_for_reply()
            client.reset()


@check(Level.MUST, observes=True)
def test_no_thread_or_process_leak(server: Server) -> None:
    """After two hundred clients no thread, no child and no zombie is left of them.

    Source: pthread_join(3), wait(2): what has ended is kept until somebody asks.
    """
    churn(server, TASK_SLACK)
    before = settled(server.process.task_count)
    for number in range(TASK_CHURN):
        client = server.connect()
        client.exchange(b"x")
        if number % 2:
            client.reset()
        client.close()
    server.expect_serves_new_clients()
    server.expect_at_most(before + TASK_SLACK, server.process.task_count, "threads and processes")


@check(Level.SHOULD, observes=True)
def test_no_memory_leak_after_churn(server: Server) -> None:
    """Seven hundred clients, after three hundred to warm up, leave less than 2 MiB of memory in use.

    Source: what is kept for each client that ever came grows without bound.
    """
    churn(server, WARM_UP)
    before = settled(server.process.resident_bytes)

    def grown() -> int:
        return (server.process.resident_bytes() - before) >> 10

    churn(server, MEASURED)
    server.expect_at_most(GROWTH_BYTES >> 10, grown, "KiB more")


@check(Level.MUST, observes=True, clients=DESCRIPTORS)
def test_fd_exhaustion(launcher: Launcher) -> None:
    """Out of descriptors a server serves who is connected, does not spin, and takes new clients when some have left.

    Source: POSIX accept(): EMFILE; the connection stays queued and the listener readable.
    """
    server = launcher.start(descriptors=DESCRIPTORS)
    served = serve_until_out(server)
    server.expect_idle_cpu()
    for client in served:
        client.exchange(b"still here")
    for client in served[: len(served) // 2]:
        client.half_close()
        client.expect_fin()
        client.close()
    server.expect_serves_new_clients()


def serve_until_out(server: Server) -> list[Client]:
    """Connect clients until one is not answered, but waits or is sent away; return those that were.

    A server with a process for each client never runs out: each has its own descriptors.
    """
    served: list[Client] = []
    enough = DESCRIPTORS * server.process.task_count()
    while len(served) < enough and (client := server.connect()).is_served(b"x", WAIT_SECONDS):
        served.append(client)
    return served


@check(Level.MUST, observes=True)
def test_no_cpu_while_idle(server: Server) -> None:
    """With ten clients that say nothing the server uses no CPU time.

    Source: poll(2) with a timeout of zero is for those who have something else to do.
    """
    server.connect_many(IDLE)
    server.expect_idle_cpu()


@check(Level.INFO, observes=True, clients=MANY)
def test_memory_per_connection(launcher: Launcher, record: Record) -> None:
    """How much memory the server has in use for each client that is connected and silent.

    Source: none; a thread's stack, a task, or an entry in a table.
    """
    server = launcher.start()  # a new one, which has no free memory of earlier clients at hand
    server.expect_serves_new_clients()
    before = server.resident_bytes()
    for client in server.connect_many(MANY):
        client.exchange(b"hello")
    record((server.resident_bytes() - before) / MANY / 1024, "KiB")
