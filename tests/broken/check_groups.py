"""Named sets of checks that several rows of the kill matrix share."""

from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.net.address import Family

Ids = frozenset[str]


def ids(words: str) -> Ids:
    """Return the check ids in a text that separates them by white space."""
    return frozenset(words.split())


NONE = ids("")
CAN_FAIL = frozenset(check.id for check in catalogue() if check.level is not Level.INFO)

# What becomes of the path of a Unix socket. The check left out also needs a correct reply.
UNIX_PATH = frozenset(check.id for check in catalogue() if check.families == {Family.UNIX}) - {
    "stale-socket-path-reused"
}

# A client sends and never reads, so it does not notice whether the replies are correct.
STALLED_CLIENT = ids("bounded-memory-under-backpressure no-busy-loop-while-stalled graceful-shutdown-stalled-client")

# A server that never gives a correct reply passes the former and fails the latter.
NO_REPLY_NEEDED = UNIX_PATH | STALLED_CLIENT | ids("immediate-half-close no-cpu-while-idle")
REPLY_NEEDED = CAN_FAIL - NO_REPLY_NEEDED

# The data contains bytes that are not ASCII, and null bytes.
BINARY_DATA = ids("""
    every-byte-value message-sizes full-duplex small-receive-buffer random-schedules half-close-large no-reset-on-close
    stall-then-drain stall-cycles survives-signals graceful-shutdown-no-data-loss
""")

# A send is short because the client pauses or reads slowly. Over TCP, the kernel's buffers can absorb a pause.
PAUSED_READER = ids("order-preserved half-close-large")
SLOW_READER = PAUSED_READER | ids("small-receive-buffer stall-then-drain stall-cycles")

# The client sends more than the kernel's buffers hold but reads as fast as it can: whether a send is short is a race.
LARGE_TRANSFER = ids("""
    message-sizes full-duplex random-schedules survives-signals graceful-shutdown-no-data-loss
""")

# The client disconnects without an orderly close, after which the server must not have leaked anything.
DISCONNECT = ids("""
    abrupt-close reset-idle reset-mid-transfer reset-with-unread-replies reset-after-half-close reset-before-accept
    shutdown-both-directions close-while-stalled reset-while-stalled
""")

# The server has to close each connection, and in an orderly way.
SERVER_CLOSE = DISCONNECT | ids("""
    random-schedules half-close half-close-large immediate-half-close half-close-before-accept no-reset-on-close
    connect-burst no-fd-leak-after-churn no-fd-leak-after-resets no-thread-or-process-leak fd-exhaustion
    graceful-shutdown address-in-use quiet-stderr
""")

# The server has to exit at the stop, with status 0.
EXIT_AT_STOP = ids("""
    graceful-shutdown graceful-shutdown-idle-client graceful-shutdown-no-data-loss graceful-shutdown-stalled-client
    immediate-restart socket-path-removed-at-stop replaced-socket-path-kept quiet-stderr
""")
