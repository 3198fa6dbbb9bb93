"""Checks of resources: clients come and go by the thousand, and what they cost goes with them."""

from collections.abc import Callable

from upecho.conformance.check import Level, check
from upecho.conformance.harness.launcher import Place
from upecho.conformance.harness.running import settled
from upecho.conformance.harness.server import Service
from upecho.conformance.harness.wire import Wire

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


def churn(server: Service, count: int) -> None:
    """Let clients come, be answered and leave, one after another."""
    for _ in range(count):
        wire = server.connect()
        wire.exchange(b"x")
        wire.close()


@check(Level.MUST, observes=True)
def test_no_fd_leak_after_churn(server: Service) -> None:
    """After two thousand clients the server has as many descriptors open as before.

    Source: POSIX close(); cpython#127529 and its like.
    """
    with server.unharmed():
        churn(server, CHURN)


@check(Level.MUST, observes=True)
def test_no_fd_leak_after_resets(server: Service) -> None:
    """After six hundred resets the server has as many descriptors open as before.

    Source: POSIX close(): a connection that was reset still has a descriptor; rloop 0.5.0 keeps it.
    """
    with server.unharmed():
        for _ in range(RESETS):
            wire = server.connect()
            wire.send(b"x")
            wire.wait_for_answer()
            wire.reset()


@check(Level.MUST, observes=True)
def test_no_thread_or_process_leak(server: Service) -> None:
    """After two hundred clients no thread, no child and no zombie is left of them.

    Source: pthread_join(3), wait(2): what has ended is kept until somebody asks.
    """
    churn(server, TASK_SLACK)
    before = settled(server.process.tasks)
    for number in range(TASK_CHURN):
        wire = server.connect()
        wire.exchange(b"x")
        if number % 2:
            wire.reset()
        wire.close()
    server.serves_the_next()
    server.process.expect_at_most(before + TASK_SLACK, server.process.tasks, "threads and processes")


@check(Level.SHOULD, observes=True)
def test_no_memory_leak_after_churn(server: Service) -> None:
    """Seven hundred clients, after three hundred to warm up, leave less than 2 MiB of memory in use.

    Source: what is kept for each client that ever came grows without bound.
    """
    churn(server, WARM_UP)
    before = settled(server.process.resident_bytes)

    def grown() -> int:
        return (server.process.resident_bytes() - before) >> 10

    churn(server, MEASURED)
    server.process.expect_at_most(GROWTH_BYTES >> 10, grown, "KiB more")


@check(Level.MUST, observes=True, clients=DESCRIPTORS)
def test_fd_exhaustion(place: Place) -> None:
    """Out of descriptors a server serves who is connected, does not spin, and takes new clients when some have left.

    Source: POSIX accept(): EMFILE; the connection stays queued and the listener readable.
    """
    server = place.start(descriptors=DESCRIPTORS)
    served = serve_until_out(server)
    server.process.expect_rest()
    for wire in served:
        wire.exchange(b"still here")
    for wire in served[: len(served) // 2]:
        wire.half_close()
        wire.expect_end()
        wire.close()
    server.serves_the_next()


def serve_until_out(server: Service) -> list[Wire]:
    """Connect clients until one is not answered, but waits or is sent away; return those that were.

    A server with a process for each client never runs out: each has its own descriptors.
    """
    served: list[Wire] = []
    enough = DESCRIPTORS * server.process.tasks()
    while len(served) < enough and (wire := server.connect()).is_served(b"x", WAIT_SECONDS):
        served.append(wire)
    return served


@check(Level.MUST, observes=True)
def test_no_cpu_while_idle(server: Service) -> None:
    """With ten clients that say nothing the server uses no CPU time.

    Source: poll(2) with a timeout of zero is for those who have something else to do.
    """
    server.connect_several(IDLE)
    server.process.expect_rest()


@check(Level.INFO, observes=True, clients=MANY)
def test_memory_per_connection(place: Place, record: Record) -> None:
    """How much memory the server has in use for each client that is connected and silent.

    Source: none; a thread's stack, a task, or an entry in a table.
    """
    server = place.start()  # a new one, which has no free memory of earlier clients at hand
    server.serves_the_next()
    before = server.resident_bytes()
    for wire in server.connect_several(MANY):
        wire.exchange(b"hello")
    record((server.resident_bytes() - before) / MANY / 1024, "KiB")
