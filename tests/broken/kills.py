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
        *("end-at-once", "slow-reader-bounded", "no-spin-while-clogged", "idle-costs-nothing"),
        *("stops-with-clogged-client", "live-path-not-stolen", "path-not-a-socket", "path-too-long"),
        *("path-removed-at-stop", "replaced-path-kept", "path-permissions"),
    }
)
PATHS = "live-path-not-stolen path-not-a-socket path-too-long path-removed-at-stop replaced-path-kept path-permissions"
SERVING = frozenset(check.id for check in catalogue() if check.level is not Level.INFO) - SILENCE
CLOGGED = "records-stay-in-order half-close-large"
CLOGGING = f"{CLOGGED} short-writes clog-then-drain clog-cycles"
SPEED = "odd-sizes full-duplex any-schedule survives-signals stops-without-loss"  # more than the kernel takes at once
LARGE = (
    "short-writes half-close-large no-reset-over-data clog-then-drain clog-cycles stops-without-loss survives-signals"
)
UNHARMED = (
    "client-vanishes reset-idle reset-mid-stream reset-with-output-queued reset-after-half-close reset-before-accept "
    "both-ends-at-once close-while-clogged reset-while-clogged"
)
ENDS = (
    f"{UNHARMED} any-schedule half-close half-close-large end-at-once data-and-end-before-accept no-reset-over-data "
    "crowd-at-the-door descriptors-flat-after-churn descriptors-flat-after-resets threads-and-children-flat "
    "out-of-descriptors stops-when-idle address-in-use says-nothing-on-stderr"
)
NEVER_STOPS = (
    "stops-when-idle stops-with-idle-client stops-without-loss stops-with-clogged-client starts-again-at-once "
    "path-removed-at-stop replaced-path-kept says-nothing-on-stderr"
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
    serve(
        "bytes:title_case",
        SERVING - ids("answers-without-newline single-bytes half-close memory-flat-after-churn"),
    ),
    serve("bytes:adds_newline", SERVING),
    serve(
        "bytes:drops_last_byte",
        SERVING - ids("answers-without-newline single-bytes half-close memory-flat-after-churn"),
    ),
    serve("bytes:str_upper", ids(f"every-byte-value utf8-untouched odd-sizes full-duplex any-schedule {LARGE}")),
    serve(
        "bytes:latin1_upper",
        ids(f"every-byte-value utf8-untouched single-bytes odd-sizes full-duplex any-schedule {LARGE}"),
    ),
    serve(
        "bytes:strips_zeros",
        ids(f"every-byte-value single-bytes odd-sizes full-duplex any-schedule reset-with-output-queued {LARGE}"),
    ),
    serve("times:silent", SERVING | {"slow-reader-bounded"}),
    serve("times:instant_close", SERVING | SILENCE - ids(f"end-at-once idle-costs-nothing {PATHS}")),
    serve("times:speaks_first", SERVING | {"end-at-once"}),
    serve("times:whole_buffer", SERVING),
    serve(
        "times:line_buffered",
        SERVING
        - ids(
            "records-stay-in-order half-close half-close-large data-and-end-before-accept no-reset-over-data "
            "client-vanishes reset-after-half-close reset-before-accept both-ends-at-once close-while-clogged "
            "reset-while-clogged out-of-descriptors stops-when-idle says-nothing-on-stderr"
        ),
        Family.INET,
    ),
    serve(
        "times:full_buffer",
        SERVING
        - ids("full-duplex short-writes half-close half-close-large data-and-end-before-accept no-reset-over-data")
        - ids("stops-without-loss"),
    ),
    # Whether clients that come together are all early enough for it is a matter of speed.
    serve(
        "times:gives_up_idle",
        ids("speaks-only-when-spoken-to"),
        by_chance="past-descriptor-1024 crowd-at-the-door address-in-use",
    ),
    # Whether a client that reads as fast as it can is ever too slow for these is a matter of scheduling.
    serve("times:send_for_sendall", ids(f"{CLOGGING} slow-reader-bounded"), by_chance=SPEED),
    serve(
        "times:send_for_sendall",
        ids("short-writes clog-then-drain clog-cycles slow-reader-bounded"),
        Family.INET,
        f"{SPEED} {CLOGGED}",
    ),
    serve("times:reuses_buffer", ids(CLOGGING), by_chance=f"{SPEED} memory-flat-after-churn"),
    serve("times:reorders", ids(CLOGGING), by_chance=SPEED),
    serve("ends:resets_at_end", ids(f"{ENDS} stops-with-idle-client stops-without-loss"), Family.INET),
    serve("ends:never_closes", ids(ENDS)),
    serve("ends:closes_unflushed", ids("half-close-large"), by_chance="any-schedule"),
    serve(
        "ends:dies_of_reset",
        ids(
            f"{UNHARMED} descriptor-reuse descriptors-flat-after-resets stops-with-clogged-client "
            "says-nothing-on-stderr"
        ),
        # Of what a check before has left clogged it dies late.
        by_chance="clog-then-drain clogged-others-served no-spin-while-clogged",
    ),
    serve("ends:leaks_per_reset", ids(f"{UNHARMED} descriptors-flat-after-resets")),
    serve("ends:leaks_per_connection", ids(f"{UNHARMED} descriptors-flat-after-churn descriptors-flat-after-resets")),
    serve("ends:leaks_the_silent", ids("client-vanishes")),
    serve("flow:unbounded", ids("slow-reader-bounded")),
    serve("flow:spins", ids("no-spin-while-clogged")),
    serve("flow:watches_past_the_end", ids("no-spin-while-clogged")),
    serve(
        "flow:gives_up",
        ids(
            f"{CLOGGING} reset-after-half-close slow-reader-bounded clogged-others-served no-spin-while-clogged "
            "close-while-clogged reset-while-clogged stops-with-clogged-client says-nothing-on-stderr"
        ),
        by_chance=SPEED,
    ),
    serve("flow:counts_stalls", ids("short-writes half-close-large clog-cycles"), by_chance=f"{SPEED} {CLOGGED}"),
    serve("flow:blocks_everybody", ids("clogged-others-served stops-with-clogged-client says-nothing-on-stderr")),
    # A client that leaves in the middle of a send leaves something to send too.
    serve(
        "flow:leaks_clogged",
        ids("reset-after-half-close close-while-clogged reset-while-clogged"),
        by_chance="client-vanishes reset-mid-stream reset-with-output-queued descriptor-reuse",
    ),
    serve(
        "clients:claims_many",
        ids(
            "any-schedule clogged-others-served hundred-clients idle-clients-do-no-harm past-descriptor-1024 "
            "flooder-and-pinger out-of-descriptors stops-without-loss"
        ),
    ),
    serve("clients:one_buffer", ids("hundred-clients any-schedule flooder-and-pinger")),
    # Whether a client leaves before or after its answer is on its way decides whether something stays behind.
    serve(
        "clients:buffer_of_descriptor",
        ids("close-while-clogged reset-while-clogged reset-after-half-close says-nothing-on-stderr"),
        by_chance=f"{UNHARMED} descriptor-reuse",
    ),
    serve("clients:select_only", ids("past-descriptor-1024 says-nothing-on-stderr")),
    serve("clients:starves", ids("flooder-and-pinger")),
    serve("clients:short_backlog", ids("crowd-at-the-door")),
    serve("clients:nagle", ids("message-in-pieces"), Family.INET),
    serve("turns:turns_away", ids("waits-its-turn crowd-at-the-door")),
    # It says that it is ready before it is deaf: who is very early is heard. And once its socket is closed, that of
    # somebody else may get the same inode number, by which upecho tells whose path it is.
    serve(
        "stops:deaf",
        SERVING | SILENCE - ids(f"idle-costs-nothing {PATHS}"),
        by_chance="idle-costs-nothing replaced-path-kept",
    ),
    serve("stops:ignores_stop", ids(NEVER_STOPS)),
    serve("stops:fails_at_stop", ids(NEVER_STOPS)),
    serve("stops:waits_for_clients", ids(NEVER_STOPS) - ids("stops-when-idle replaced-path-kept")),
    serve(
        "stops:resets_at_stop",
        ids("stops-with-idle-client stops-without-loss says-nothing-on-stderr"),
        Family.INET,
    ),
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
            "speaks-only-when-spoken-to stale-path-reclaimed clogged-others-served hundred-clients "
            "idle-clients-do-no-harm past-descriptor-1024 flooder-and-pinger out-of-descriptors "
            "starts-again-at-once stops-with-idle-client"
        )
        | SILENCE - ids(f"end-at-once idle-costs-nothing {PATHS}")
        | ids("waits-its-turn path-removed-at-stop replaced-path-kept"),
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
    serve("stops:answers_once_at_stop", ids("stops-without-loss")),
    serve("stops:answers_once_at_stop", ids("stops-without-loss"), Family.INET),
    serve("stops:leaves_child", ids("stops-when-idle")),
    serve("stops:waits_for_readers", ids("stops-with-clogged-client")),
    serve("stops:ends_with_the_window", ids("survives-signals")),
    serve("stops:skips_what_was_interrupted", ids("survives-signals")),
    program("leaves-path", "path-removed-at-stop"),
    program("removes-any-path", "replaced-path-kept"),
    program("opens-to-all", "path-permissions"),
]
