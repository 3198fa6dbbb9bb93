"""The kill matrix: for each broken server, exactly the checks that must catch it."""

import sys
from dataclasses import dataclass

from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.net.address import Family

NEVER = frozenset[str]()

# What a server passes that gives no right answer to anybody: the checks in which nobody has to be answered.
SILENCE = frozenset(
    {
        *(
            "immediate-half-close",
            "bounded-memory-under-backpressure",
            "no-busy-loop-while-stalled",
            "no-cpu-while-idle",
        ),
        *(
            "graceful-shutdown-stalled-clientgraceful-shutdown-stalled-client",
            "live-socket-path-kept",
            "regular-file-kept",
            "socket-path-too-long",
        ),
        *("socket-path-removed-at-stop", "replaced-socket-path-kept", "socket-path-permissions"),
    }
)
PATHS = (
    "live-socket-path-kept regular-file-kept socket-path-too-long "
    "socket-path-removed-at-stop replaced-socket-path-kept socket-path-permissions"
)
SERVING = frozenset(check.id for check in catalogue() if check.level is not Level.INFO) - SILENCE
STALLED = "order-preserved half-close-large"
STALLING = f"{STALLED} small-receive-buffer stall-then-drain stall-cycles"
# more than the kernel takes at once
SPEED = "message-sizes full-duplex random-schedules survives-signals graceful-shutdown-no-data-loss"
LARGE = (
    "small-receive-buffer half-close-large no-reset-on-close stall-then-drain stall-cycles "
    "graceful-shutdown-no-data-loss survives-signals"
)
UNHARMED = (
    "abrupt-close reset-idle reset-mid-transfer reset-with-unread-replies "
    "reset-after-half-close reset-before-accept"
    "shutdown-both-directions close-while-stalled reset-while-stalled"
)
ENDS = (
    f"{UNHARMED} random-schedules half-close half-close-large immediate-half-close "
    "half-close-before-accept no-reset-on-close"
    "connect-burst no-fd-leak-after-churn no-fd-leak-after-resets no-thread-or-process-leak "
    "fd-exhaustion graceful-shutdown address-in-use quiet-stderr"
)
NEVER_STOPS = (
    "graceful-shutdown graceful-shutdown-idle-client graceful-shutdown-no-data-loss "
    "graceful-shutdown-stalled-client immediate-restart"
    "socket-path-removed-at-stop replaced-socket-path-kept quiet-stderr"
)


@dataclass(frozen=True)
class Kill:
    """One broken server over one family.

    Attributes:
        target: how the suite starts it.
        caught_by: the ids of the checks that it must fail; it must pass all others.
        family: over which family it is examined.
        by_chance: the ids of checks whose verdict depends on a race inside the broken server.
    """

    target: str
    caught_by: frozenset[str]
    family: Family = Family.UNIX
    by_chance: frozenset[str] = NEVER

    def __str__(self) -> str:
        name = self.target.partition("wrong_")[2].removesuffix(" {address}") or self.target
        return f"{name.replace(' ', ':')}-{self.family.value}"


def ids(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def serve(function: str, caught_by: frozenset[str], family: Family = Family.UNIX, by_chance: str = "") -> Kill:
    """Return a broken ``serve`` function."""
    return Kill(f"tests.broken.wrong_{function}", caught_by, family, ids(by_chance))


def program(fault: str, caught_by: str, family: Family = Family.UNIX) -> Kill:
    """Return a program that is wrong about addresses."""
    command = f"cmd:{sys.executable} -m tests.broken.wrong_addresses {fault} {{address}}"
    return Kill(command, ids(caught_by), family)


KILLS = [
    serve("bytes:lower_case", SERVING),
    serve(
        "bytes:title_case",
        SERVING - ids("immediate-echo single-byte-messages half-close no-memory-leak-after-churn"),
    ),
    serve("bytes:adds_newline", SERVING),
    serve(
        "bytes:drops_last_byte",
        SERVING - ids("immediate-echo single-byte-messages half-close no-memory-leak-after-churn"),
    ),
    serve(
        "bytes:str_upperbytes:str_upper",
        ids(f"every-byte-value utf8-untouched message-sizes full-duplex random-schedules {LARGE}"),
    ),
    serve(
        "bytes:latin1_upper",
        ids(f"every-byte-value utf8-untouched single-byte-messages message-sizes full-duplex random-schedules {LARGE}"),
    ),
    serve(
        "bytes:strips_zeros",
        ids(
            "every-byte-value single-byte-messages message-sizes full-duplex random-schedules "
            f"reset-with-unread-replies {LARGE}"
        ),
    ),
    serve("times:silent", SERVING | {"bounded-memory-under-backpressure"}),
    serve("times:instant_close", SERVING | SILENCE - ids(f"immediate-half-close no-cpu-while-idle {PATHS}")),
    serve("times:speaks_first", SERVING | {"immediate-half-close"}),
    serve("times:whole_buffer", SERVING),
    serve(
        "times:line_buffered",
        SERVING
        - ids(
            "order-preserved half-close half-close-large half-close-before-accept no-reset-on-close "
            "abrupt-close reset-after-half-close reset-before-accept shutdown-both-directions "
            "close-while-stalled"
            "reset-while-stalled fd-exhaustion graceful-shutdown quiet-stderr"
        ),
        Family.INET,
    ),
    serve(
        "times:full_buffer",
        SERVING
        - ids("full-duplex small-receive-buffer half-close half-close-large half-close-before-accept no-reset-on-close")
        - ids("graceful-shutdown-no-data-loss"),
    ),
    # Whether clients that come together are all early enough for it is a matter of speed.
    serve(
        "times:gives_up_idle",
        ids("no-unsolicited-data"),
        by_chance="beyond-fd-setsize connect-burst address-in-use",
    ),
    # Whether a client that reads as fast as it can is ever too slow for these is a matter of scheduling.
    serve("times:send_for_sendall", ids(f"{STALLING} bounded-memory-under-backpressure"), by_chance=SPEED),
    serve(
        "times:send_for_sendall",
        ids("small-receive-buffer stall-then-drain stall-cycles bounded-memory-under-backpressure"),
        Family.INET,
        f"{SPEED} {STALLED}",
    ),
    serve("times:reuses_buffer", ids(STALLING), by_chance=f"{SPEED} no-memory-leak-after-churn"),
    serve("times:reorders", ids(STALLING), by_chance=SPEED),
    serve(
        "ends:resets_at_endends:resets_at_end",
        ids(f"{ENDS} graceful-shutdown-idle-client graceful-shutdown-no-data-loss"),
        Family.INET,
    ),
    serve("ends:never_closes", ids(ENDS)),
    serve("ends:closes_unflushed", ids("half-close-large"), by_chance="random-schedules"),
    serve(
        "ends:dies_of_reset",
        ids(f"{UNHARMED} descriptor-reuse no-fd-leak-after-resets graceful-shutdown-stalled-client quiet-stderr"),
        # Of what a check before has left stalled it dies late.
        by_chance="stall-then-drain stalled-client-isolation no-busy-loop-while-stalled",
    ),
    serve("ends:leaks_per_reset", ids(f"{UNHARMED} no-fd-leak-after-resets")),
    serve("ends:leaks_per_connection", ids(f"{UNHARMED} no-fd-leak-after-churn no-fd-leak-after-resets")),
    serve("ends:leaks_the_silent", ids("abrupt-close")),
    serve("flow:unbounded", ids("bounded-memory-under-backpressure")),
    serve("flow:spins", ids("no-busy-loop-while-stalled")),
    serve("flow:watches_past_the_end", ids("no-busy-loop-while-stalled")),
    serve(
        "flow:gives_up",
        ids(
            f"{STALLING} reset-after-half-close bounded-memory-under-backpressure "
            "stalled-client-isolation no-busy-loop-while-stalled"
            "close-while-stalled reset-while-stalled graceful-shutdown-stalled-client quiet-stderr"
        ),
        by_chance=SPEED,
    ),
    serve(
        "flow:counts_stallsflow:counts_stalls",
        ids("small-receive-buffer half-close-large stall-cycles"),
        by_chance=f"{SPEED} {STALLED}",
    ),
    serve(
        "flow:blocks_everybodyflow:blocks_everybody",
        ids("stalled-client-isolation graceful-shutdown-stalled-client quiet-stderr"),
    ),
    # A client that leaves in the middle of a send leaves something to send too.
    serve(
        "flow:leaks_stalled",
        ids("reset-after-half-close close-while-stalled reset-while-stalled"),
        by_chance="abrupt-close reset-mid-transfer reset-with-unread-replies descriptor-reuse",
    ),
    serve(
        "clients:claims_many",
        ids(
            "random-schedules stalled-client-isolation hundred-clients idle-clients beyond-fd-setsize "
            "fairness-under-flood fd-exhaustion graceful-shutdown-no-data-loss"
        ),
    ),
    serve("clients:one_buffer", ids("hundred-clients random-schedules fairness-under-flood")),
    # Whether a client leaves before or after its answer is on its way decides whether something stays behind.
    serve(
        "clients:buffer_of_descriptor",
        ids("close-while-stalled reset-while-stalled reset-after-half-close quiet-stderr"),
        by_chance=f"{UNHARMED} descriptor-reuse",
    ),
    serve("clients:select_only", ids("beyond-fd-setsize quiet-stderr")),
    serve("clients:starves", ids("fairness-under-flood")),
    serve("clients:short_backlog", ids("connect-burst")),
    serve("clients:nagle", ids("no-nagle-delay"), Family.INET),
    serve("turns:turns_away", ids("queue-beyond-max-clients connect-burst")),
    # It says that it is ready before it is deaf: who is very early is heard. And once its socket is closed, that of
    # somebody else may get the same inode number, by which upecho tells whose path it is.
    serve(
        "stops:deaf",
        SERVING | SILENCE - ids(f"no-cpu-while-idle {PATHS}"),
        by_chance="no-cpu-while-idle replaced-socket-path-kept",
    ),
    serve("stops:ignores_stop", ids(NEVER_STOPS)),
    serve("stops:fails_at_stop", ids(NEVER_STOPS)),
    serve("stops:waits_for_clients", ids(NEVER_STOPS) - ids("graceful-shutdown replaced-socket-path-kept")),
    serve(
        "stops:resets_at_stop",
        ids("graceful-shutdown-idle-client graceful-shutdown-no-data-loss quiet-stderr"),
        Family.INET,
    ),
    program("steals-live-path", "address-in-use live-socket-path-kept"),
    program("deletes-regular-file", "regular-file-kept"),
    program("keeps-stale-path", "immediate-restart stale-socket-path-reused"),
    program("shares-port", "address-in-use", Family.INET),
    program("waits-for-time-wait", "immediate-restart", Family.INET),
    program("shortens-path", "socket-path-too-long"),
    program(
        "prints-tracebackprints-traceback",
        "address-in-use live-socket-path-kept regular-file-kept socket-path-too-long",
    ),
    program("none", ""),
    # The first lesson: it ends after its client, so whether it was still there to be stopped is a race.
    Kill(
        "textbook",
        SERVING
        - ids(
            "immediate-echo echo-hello every-byte-value half-close accepts-when-ready "
            "no-unsolicited-data stale-socket-path-reused stalled-client-isolation hundred-clients "
            "idle-clients beyond-fd-setsize fairness-under-flood fd-exhaustion "
            "immediate-restart graceful-shutdown-idle-client"
        )
        | SILENCE - ids(f"immediate-half-close no-cpu-while-idle {PATHS}")
        | ids("queue-beyond-max-clients socket-path-removed-at-stop replaced-socket-path-kept"),
        by_chance=ids("immediate-restart graceful-shutdown-idle-client"),
    ),
    # resources, start and stop
    serve("resources:leaks_threads", ids("no-thread-or-process-leak")),
    serve("resources:leaves_zombies", ids("no-thread-or-process-leak")),
    serve("resources:leaks_memory", ids("no-memory-leak-after-churn")),
    serve("resources:polls", ids("no-cpu-while-idle no-busy-loop-while-stalled fd-exhaustion")),
    serve("resources:dies_when_full", ids("fd-exhaustion")),
    serve("resources:spins_when_full", ids("fd-exhaustion")),
    serve("resources:ends_accepting_when_full", ids("fd-exhaustion")),
    serve("resources:drops_when_full", ids("fd-exhaustion")),
    serve("resources:complains", ids("quiet-stderr")),
    serve("resources:complains_of_resets", ids("quiet-stderr")),
    serve("stops:drops_at_stop", ids("graceful-shutdown-no-data-loss")),
    serve("stops:answers_once_at_stop", ids("graceful-shutdown-no-data-loss")),
    serve("stops:answers_once_at_stop", ids("graceful-shutdown-no-data-loss"), Family.INET),
    serve("stops:leaves_child", ids("graceful-shutdown")),
    serve("stops:waits_for_readers", ids("graceful-shutdown-stalled-client")),
    serve("stops:ends_with_the_window", ids("survives-signals")),
    serve("stops:skips_what_was_interrupted", ids("survives-signals")),
    program("leaves-path", "socket-path-removed-at-stop"),
    program("removes-any-path", "replaced-socket-path-kept"),
    program("opens-to-all", "socket-path-permissions"),
]
