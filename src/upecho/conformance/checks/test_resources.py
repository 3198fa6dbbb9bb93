"""Checks of resources: descriptors, threads, memory and CPU time that clients cost are released when they leave."""

import random
import time

from upecho.conformance.check import Level, check
from upecho.conformance.findings import Record, Recorded
from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.servers.damage import expect_descriptors_closed, expect_serves_new_clients
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.servers.settling import expect_at_most, settled
from upecho.conformance.harness.violation import Unsupported, Violation, precondition
from upecho.conformance.harness.workloads.churn import churn, reset
from upecho.conformance.harness.workloads.growth import Work, expect_level_memory
from upecho.conformance.harness.workloads.pace import paced
from upecho.support import timeouts

CHURN = 1000
RESETS = 600
TASK_CHURN = 200
TASK_SLACK = 10  # a thread pool may still grow a little, whereas a leak grows with each client
TASK_SECONDS = 1.0
BATCH = 200
BATCH_SECONDS = 0.25
MOST_CLIENTS = 12_000  # garbage of any runtime has reached its level before
KEPT_BYTES = 256  # for each client: less than any connection costs
GROWTH_SECONDS = 12.0
SEED = 20260704
BLOCK_BYTES = 256 << 10
BLOCKS = 64  # in a batch
MOST_ECHOED_BYTES = 400 << 20  # garbage of any runtime has reached its level before
KEPT_BYTES_PER_KIB = 4
IDLE = 10
CONNECTED = 100
ROOM = 50  # descriptors for clients
WAIT_SECONDS = 0.5
USUAL_TIMES = 4  # how much longer than usual a server may take that is not exhausted


@check(Level.MUST, observes=True, seconds=0.2)
def test_no_fd_leak_after_churn(server: Server) -> None:
    """After a thousand clients have connected and left, the server has as many open descriptors as before.

    A slow server gets fewer clients.

    Source: POSIX close(): a descriptor stays allocated until it is closed.
    """
    with expect_descriptors_closed(server):
        churn(server, CHURN)
        expect_serves_new_clients(server)


@check(Level.MUST, observes=True)
def test_no_fd_leak_after_resets(server: Server) -> None:
    """After six hundred connections are reset, the server has as many open descriptors as before.

    A slow server gets fewer clients.

    Source: POSIX close(): a connection that was reset still has a descriptor, until it is closed.
    """
    with expect_descriptors_closed(server):
        churn(server, RESETS, end=reset)
        expect_serves_new_clients(server)


@check(Level.MUST, observes=True, seconds=0.05)
def test_no_thread_or_process_leak(server: Server) -> None:
    """After three hundred clients have left, none of their threads, child processes or zombies is left.

    A slow server gets fewer clients.

    Source: pthread_join(3), wait(2): a thread or process that ended is kept until it is joined or waited for.
    """
    with precondition("an echo before the churn"):
        churn(server, TASK_SLACK)
    before = settled(server.process.task_count)
    churn(server, TASK_CHURN, seconds=TASK_SECONDS)
    churn(server, TASK_CHURN // 2, end=reset, seconds=TASK_SECONDS)
    expect_serves_new_clients(server)
    expect_at_most(before + TASK_SLACK, server.process.task_count, "threads and processes")


@check(Level.SHOULD, observes=True, seconds=0.2)
def test_no_memory_leak_after_churn(launcher: Launcher) -> None:
    """While clients connect and leave, the memory in use stops growing before twelve thousand clients were served.

    A slow server gets fewer clients.

    Source: getrlimit(2): memory is limited, and what is kept for each client that ever connected grows without bound.
    """
    server = launcher.start()  # memory that earlier clients have left free could hide a leak
    with precondition("an echo before the churn"):
        size = churn(server, BATCH, least=1, seconds=BATCH_SECONDS)
    work = Work(
        lambda: churn(server, size, least=size),
        size,
        "clients",
        slack_bytes=KEPT_BYTES,
        most=MOST_CLIENTS,
        seconds=GROWTH_SECONDS,
    )
    expect_level_memory(server.process.resident_bytes, work)


@check(Level.MUST, observes=True)
def test_no_memory_leak_on_connection(launcher: Launcher) -> None:
    """While a client sends and receives on one connection, the memory in use stops growing before 400 MiB were echoed.

    A slow server gets fewer bytes.

    Source: memory that is kept for each byte that was ever echoed grows without bound as long as a client stays.
    """
    server = launcher.start()  # memory that earlier clients have left free could hide a leak
    client = server.connect()
    block = random.Random(SEED).randbytes(BLOCK_BYTES)

    def echo_blocks(most: int, least: int) -> int:
        done = 0
        for _ in paced(most, least=least, seconds=BATCH_SECONDS):
            client.send(block, eager=True)
            client.receive()
            done += 1
        return done

    with precondition("an echo of a large message"):
        size = echo_blocks(BLOCKS, 1)
    work = Work(
        lambda: echo_blocks(size, size),
        size * BLOCK_BYTES >> 10,
        "KiB echoed on one connection",
        slack_bytes=KEPT_BYTES_PER_KIB,
        most=MOST_ECHOED_BYTES >> 10,
        seconds=GROWTH_SECONDS,
    )
    expect_level_memory(server.process.resident_bytes, work)


@check(Level.MUST, observes=True, clients=ROOM, seconds=1)
def test_fd_exhaustion(launcher: Launcher) -> None:
    """Without free descriptors, the server serves its clients, and it accepts again once clients leave.

    In the meantime, it uses next to no CPU time (less than 3% of a core).

    Source: POSIX accept(): EMFILE; the connection stays queued and the listener stays readable.
    """
    server = start_with_few_descriptors(launcher)
    with precondition("an echo of a server with few descriptors"):
        first = server.connect()
        first.exchange(b"x")
        wait = max(WAIT_SECONDS, USUAL_TIMES * first.response_seconds(b"x"))
    served = [first, *connect_until_exhausted(server, wait)]
    server.expect_idle_cpu()
    for client in served:  # all at once, since a server may pause after each accept() that fails
        client.send(b"still here")
    for client in served:
        client.receive()
    for client in served[: len(served) // 2 + 1]:
        client.close()
    expect_newcomer_served(server, wait)


def start_with_few_descriptors(launcher: Launcher) -> Server:
    """Start a server that may open only about ``ROOM`` descriptors more than it needs when it has no client."""
    usual = launcher.shared_server()
    with precondition("an echo of a server with enough descriptors"):
        client = usual.connect()
        client.exchange(b"x")  # a server may open some after it has become ready
        client.close()
    limit = settled(usual.process.descriptor_count) + ROOM
    try:
        return launcher.start(descriptors=limit)
    except Violation:
        raise Unsupported(f"the server does not start if it may open only {limit} descriptors") from None


def expect_newcomer_served(server: Server, wait: float) -> None:
    """Expect that a new client is served in time; the server may reject one before it sees that others have left.

    Args:
        server: The server.
        wait: Seconds after which the next client is tried.
    """
    deadline = time.monotonic() + timeouts.scaled(TIMEOUT_SECONDS)
    while not server.connect().is_served(b"x", wait):
        if time.monotonic() > deadline:
            raise Violation("a new client that is served once others have left", f"none within {TIMEOUT_SECONDS:g} s")


def connect_until_exhausted(server: Server, wait: float) -> list[Client]:
    """Connect clients until one is not answered, because it has to wait or is rejected; return the others.

    A server with one process per client is never exhausted, because each process has its own descriptors.

    Args:
        server: The server.
        wait: Seconds in which it answers a client that does not have to wait.
    """
    served: list[Client] = []
    most = (server.process.launch.descriptors or 0) * server.process.task_count()
    while len(served) < most and (client := server.connect()).is_served(b"x", wait):
        served.append(client)
    return served


@check(Level.MUST, observes=True, seconds=0.3)
def test_no_cpu_while_idle(server: Server) -> None:
    """While ten clients are connected and silent, the server uses next to no CPU time (less than 3% of a core).

    It has served these clients before.

    Source: poll(2): a call with a timeout waits in the kernel; calls with a timeout of zero are busy-polling.
    """
    clients = server.connect_many(IDLE)
    with precondition("an echo before the silence"):
        exchange_all(clients)
    server.expect_idle_cpu()
    with precondition("an echo after the silence"):
        exchange_all(clients)


def exchange_all(clients: list[Client]) -> None:
    """Expect that each client is answered."""
    for client in clients:
        client.exchange(b"x")


@check(Level.INFO, observes=True, clients=CONNECTED, seconds=0.05)
def test_memory_per_connection(launcher: Launcher, record: Record) -> None:
    """Records how much memory the server uses for each client that is connected and silent.

    Source: none; the stack of a thread, a task, or an entry in a table.
    """
    server = launcher.start()  # a server that is shared may have free memory from earlier clients
    expect_serves_new_clients(server)
    before = server.process.resident_bytes()
    for client in server.connect_many(CONNECTED):
        client.exchange(b"hello")
    record(Recorded((server.process.resident_bytes() - before) / CONNECTED / 1024, "KiB"))
