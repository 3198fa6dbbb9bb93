"""The kill matrix: for each broken server, exactly the checks that must catch it."""

import sys
from dataclasses import dataclass

from upecho.address import Family
from upecho.conformance.catalogue import catalogue

NEVER = frozenset[str]()

# What a server fails that gives no right answer to anybody: all but the checks in which nobody has to be served.
SERVING = frozenset(check.id for check in catalogue()) - {
    "end-at-once",
    "live-path-not-stolen",
    "path-not-a-socket",
    "path-too-long",
}
CLOGGED = "records-stay-in-order half-close-large"
CLOGGING = f"{CLOGGED} short-writes"
SPEED = "odd-sizes full-duplex any-schedule"
UNHARMED = (
    "client-vanishes reset-idle reset-mid-stream reset-with-output-queued reset-after-half-close reset-before-accept "
    "both-ends-at-once"
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


def serve(place: str, caught_by: frozenset[str], family: Family = Family.UNIX, by_chance: str = "") -> Kill:
    """Return a broken ``serve`` function."""
    return Kill(f"tests.broken.wrong_{place}", caught_by, family, ids(by_chance))


def program(fault: str, caught_by: str, family: Family = Family.UNIX) -> Kill:
    """Return a program that is wrong about addresses."""
    command = f"cmd:{sys.executable} -m tests.broken.wrong_addresses {fault} {{address}}"
    return Kill(command, ids(caught_by), family)


KILLS = [
    serve("bytes:lower_case", SERVING),
    serve("bytes:title_case", SERVING - ids("answers-without-newline half-close single-bytes")),
    serve("bytes:adds_newline", SERVING),
    serve("bytes:drops_last_byte", SERVING - ids("answers-without-newline half-close single-bytes")),
    serve(
        "bytes:str_upper",
        ids(
            "every-byte-value utf8-untouched odd-sizes full-duplex short-writes any-schedule half-close-large "
            "no-reset-over-data"
        ),
    ),
    serve(
        "bytes:latin1_upper",
        ids(
            "every-byte-value utf8-untouched single-bytes odd-sizes full-duplex short-writes any-schedule "
            "half-close-large no-reset-over-data"
        ),
    ),
    serve(
        "bytes:strips_zeros",
        ids(
            "every-byte-value single-bytes odd-sizes full-duplex short-writes any-schedule half-close-large "
            "no-reset-over-data"
        ),
    ),
    serve("times:silent", SERVING),
    serve("times:instant_close", SERVING),
    serve("times:speaks_first", SERVING | {"end-at-once"}),
    serve("times:whole_buffer", SERVING),
    serve(
        "times:line_buffered",
        SERVING
        - ids(
            "both-ends-at-once client-vanishes data-and-end-before-accept half-close half-close-large "
            "no-reset-over-data records-stay-in-order reset-after-half-close reset-before-accept "
            "reset-with-output-queued stops-when-idle stale-path-reclaimed"
        ),
        Family.INET,
    ),
    serve(
        "times:full_buffer",
        SERVING
        - ids("data-and-end-before-accept full-duplex half-close half-close-large no-reset-over-data short-writes"),
    ),
    serve("times:gives_up_idle", ids("speaks-only-when-spoken-to")),
    # Whether a client that reads as fast as it can is ever too slow for these is a matter of scheduling.
    serve("times:send_for_sendall", ids(CLOGGING), by_chance=SPEED),
    serve(
        "times:send_for_sendall", ids("short-writes"), Family.INET, f"{SPEED} records-stay-in-order half-close-large"
    ),
    serve("times:reuses_buffer", ids(CLOGGING), by_chance=SPEED),
    serve("times:reorders", ids(CLOGGING), by_chance=SPEED),
    serve(
        "ends:resets_at_end",
        ids(
            f"any-schedule half-close half-close-large end-at-once data-and-end-before-accept no-reset-over-data "
            f"{UNHARMED} stops-when-idle stops-with-idle-client address-in-use"
        ),
        Family.INET,
    ),
    serve(
        "ends:never_closes",
        ids(
            f"any-schedule half-close half-close-large end-at-once data-and-end-before-accept no-reset-over-data "
            f"{UNHARMED} stops-when-idle address-in-use"
        ),
    ),
    serve("ends:closes_unflushed", ids("half-close-large")),
    serve("ends:dies_of_reset", ids(UNHARMED)),
    serve("ends:leaks_per_reset", ids(UNHARMED)),
    serve("ends:leaks_per_connection", ids(UNHARMED)),
    serve("stops:deaf", SERVING | {"end-at-once"}),
    serve("stops:ignores_stop", ids("stops-when-idle stops-with-idle-client starts-again-at-once")),
    serve("stops:fails_at_stop", ids("stops-when-idle stops-with-idle-client starts-again-at-once")),
    serve("stops:waits_for_clients", ids("stops-with-idle-client starts-again-at-once")),
    serve("stops:resets_at_stop", ids("stops-with-idle-client"), Family.INET),
    program("steals-live-path", "address-in-use live-path-not-stolen"),
    program("deletes-regular-file", "path-not-a-socket"),
    program("keeps-stale-path", "starts-again-at-once stale-path-reclaimed"),
    program("shares-port", "address-in-use", Family.INET),
    program("waits-for-time-wait", "starts-again-at-once", Family.INET),
    program("shortens-path", "path-too-long"),
    program("prints-traceback", "address-in-use live-path-not-stolen path-not-a-socket path-too-long"),
    program("none", ""),
    # The first lesson: it ends after its client, so whether it was still there to be stopped is a race.
    Kill(
        "textbook",
        SERVING
        - ids(
            "answers-without-newline echo-hello every-byte-value half-close ready-means-ready "
            "speaks-only-when-spoken-to stale-path-reclaimed starts-again-at-once stops-with-idle-client"
        ),
        by_chance=ids("starts-again-at-once stops-with-idle-client"),
    ),
    # resources, start and stop
    serve("resources:leaks_threads", ids("threads-and-children-flat")),
    serve("resources:leaves_zombies", ids("threads-and-children-flat")),
    serve("resources:leaks_memory", ids("memory-flat-after-churn")),
    serve("resources:polls", ids("idle-costs-nothing no-spin-while-clogged out-of-descriptors")),
    serve("resources:dies_when_full", ids("out-of-descriptors")),
    serve("resources:spins_when_full", ids("out-of-descriptors")),
    serve("resources:ends_accepting_when_full", ids("out-of-descriptors")),
    serve("resources:drops_when_full", ids("out-of-descriptors")),
    serve("resources:complains", ids("says-nothing-on-stderr")),
    serve("resources:complains_of_resets", ids("says-nothing-on-stderr")),
    serve("stops:drops_at_stop", ids("stops-without-loss")),
    serve("stops:waits_for_readers", ids("stops-with-clogged-client")),
    serve("stops:ends_with_the_window", ids("survives-signals")),
    serve("stops:skips_what_was_interrupted", ids("survives-signals")),
    program("leaves-path", "path-removed-at-stop"),
    program("removes-any-path", "replaced-path-kept"),
    program("opens-to-all", "path-permissions"),
]
