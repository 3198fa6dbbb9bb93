"""The kill matrix: each broken server with exactly the checks that catch it.

The name comes from mutation testing, where a test kills a mutant of a program. Here the mutants are servers, and each
check of the suite has to kill at least one of them.

A row of a server that fails nearly everything is written as what it passes, ``REPLY_NEEDED - ids("…")``, and so
includes checks that are added later.
"""

import importlib
import inspect
import sys
from dataclasses import dataclass

from tests.broken.check_groups import (
    BINARY_DATA,
    DISCONNECT,
    EXIT_AT_STOP,
    LARGE_TRANSFER,
    NONE,
    PAUSED_READER,
    REPLY_NEEDED,
    SERVER_CLOSE,
    SLOW_READER,
    STALLED_CLIENT,
    Ids,
    ids,
)
from upecho.net.address import Family


@dataclass(frozen=True)
class Kill:
    """A broken server over one family, and the checks that catch it.

    Attributes:
        name: The server as ``TOPIC:FUNCTION``, which stands for ``tests.broken.wrong_TOPIC:FUNCTION``, or ``textbook``.
        defect: What is wrong with the server, in one line.
        target: The target that the suite checks.
        caught_by: The ids of the checks that the server must fail. It must pass all others.
        sometimes: The ids of checks that the server may pass or fail, because a race inside the server decides.
        family: The family that the server is checked over.
    """

    name: str
    defect: str
    target: str
    caught_by: Ids
    sometimes: Ids
    family: Family

    def __str__(self) -> str:
        return f"{self.name}-{self.family.value}"


def kill(name: str, caught_by: Ids, *, family: Family = Family.UNIX, sometimes: Ids = NONE) -> Kill:
    """Return a row of the matrix for a server in a module ``wrong_…`` of this package."""
    module, _, function = name.partition(":")
    location = f"tests.broken.wrong_{module}"
    defect = inspect.getdoc(getattr(importlib.import_module(location), function)) or ""
    target = f"{location}:{function}"
    if module == "addresses":  # binds its address itself, which only a program can do
        target = f"cmd:{sys.executable} -m {location} {function} {{address}}"
    return Kill(name, defect, target, caught_by=caught_by, sometimes=sometimes, family=family)


BYTES = [
    kill("bytes:lower_case", REPLY_NEEDED),
    kill(
        "bytes:title_case",
        REPLY_NEEDED - ids("immediate-echo single-byte-messages half-close no-memory-leak-after-churn"),
    ),
    kill("bytes:adds_newline", REPLY_NEEDED),
    kill(
        "bytes:drops_last_byte",
        REPLY_NEEDED - ids("immediate-echo single-byte-messages half-close no-memory-leak-after-churn"),
    ),
    kill("bytes:str_upper", BINARY_DATA | ids("utf8-untouched")),
    kill("bytes:latin1_upper", BINARY_DATA | ids("utf8-untouched single-byte-messages")),
    kill("bytes:strips_null_bytes", BINARY_DATA | ids("single-byte-messages reset-with-unread-replies")),
]

TIMING = [
    kill("timing:silent", REPLY_NEEDED | ids("bounded-memory-under-backpressure")),
    kill("timing:closes_immediately", REPLY_NEEDED | STALLED_CLIENT),
    kill("timing:sends_greeting", REPLY_NEEDED | ids("immediate-half-close")),
    # The last of many clients that connect together may be too late to send its data in time.
    kill(
        "timing:closes_idle_connections",
        ids("no-unsolicited-data"),
        sometimes=ids("beyond-fd-setsize connect-burst address-in-use"),
    ),
]

BUFFERING = [
    kill("buffering:sends_whole_buffer", REPLY_NEEDED),
    kill(
        "buffering:line_buffered",
        REPLY_NEEDED
        - ids("""
            order-preserved half-close half-close-large half-close-before-accept no-reset-on-close abrupt-close
            reset-after-half-close reset-before-accept shutdown-both-directions close-while-stalled reset-while-stalled
            fd-exhaustion graceful-shutdown quiet-stderr
        """),
        family=Family.INET,
    ),
    kill(
        "buffering:block_buffered",
        REPLY_NEEDED
        - ids("""
            full-duplex small-receive-buffer half-close half-close-large half-close-before-accept no-reset-on-close
            graceful-shutdown-no-data-loss
        """),
    ),
    kill(
        "buffering:ignores_short_sends",
        SLOW_READER | ids("bounded-memory-under-backpressure"),
        sometimes=LARGE_TRANSFER,
    ),
    kill(
        "buffering:ignores_short_sends",
        (SLOW_READER - PAUSED_READER) | ids("bounded-memory-under-backpressure"),
        family=Family.INET,
        sometimes=LARGE_TRANSFER | PAUSED_READER,
    ),
    kill(
        "buffering:overwrites_unsent_data",
        SLOW_READER,
        sometimes=LARGE_TRANSFER | ids("no-memory-leak-after-churn"),
    ),
    kill("buffering:reorders_replies", SLOW_READER, sometimes=LARGE_TRANSFER),
]

CONNECTION_END = [
    kill(
        "connection_end:resets_on_close",
        SERVER_CLOSE | ids("graceful-shutdown-idle-client graceful-shutdown-no-data-loss"),
        family=Family.INET,
    ),
    kill("connection_end:never_closes", SERVER_CLOSE),
    kill("connection_end:discards_queue_at_eof", ids("half-close-large"), sometimes=ids("random-schedules")),
    # The reset of a client that an earlier check has left stalled may come late and make the next check fail.
    kill(
        "connection_end:crashes_on_reset",
        DISCONNECT | ids("descriptor-reuse no-fd-leak-after-resets graceful-shutdown-stalled-client quiet-stderr"),
        sometimes=ids("stall-then-drain stalled-client-isolation no-busy-loop-while-stalled"),
    ),
    kill("connection_end:leaks_fd_per_reset", DISCONNECT | ids("no-fd-leak-after-resets")),
    kill(
        "connection_end:leaks_fd_per_connection",
        DISCONNECT | ids("no-fd-leak-after-churn no-fd-leak-after-resets"),
    ),
    kill("connection_end:leaks_fd_per_silent_client", ids("abrupt-close")),
]

FLOW_CONTROL = [
    kill("flow_control:unbounded_queue", ids("bounded-memory-under-backpressure")),
    kill("flow_control:busy_loops_while_stalled", ids("no-busy-loop-while-stalled")),
    kill("flow_control:polls_input_after_eof", ids("no-busy-loop-while-stalled")),
    kill(
        "flow_control:closes_stalled_connections",
        SLOW_READER
        | STALLED_CLIENT
        | ids("reset-after-half-close stalled-client-isolation close-while-stalled reset-while-stalled quiet-stderr"),
        sometimes=LARGE_TRANSFER,
    ),
    kill(
        "flow_control:closes_after_15_stalls",
        ids("small-receive-buffer half-close-large stall-cycles"),
        sometimes=LARGE_TRANSFER | PAUSED_READER,
    ),
    kill(
        "flow_control:blocks_all_clients",
        ids("stalled-client-isolation graceful-shutdown-stalled-client quiet-stderr"),
    ),
    # A client that disconnects in the middle of a transfer may also leave a reply unsent.
    kill(
        "flow_control:leaks_fd_per_stalled_client",
        ids("reset-after-half-close close-while-stalled reset-while-stalled"),
        sometimes=ids("abrupt-close reset-mid-transfer reset-with-unread-replies descriptor-reuse"),
    ),
]

CLIENTS = [
    kill(
        "clients:undeclared_max_clients",
        ids("""
            random-schedules stalled-client-isolation hundred-clients idle-clients beyond-fd-setsize
            fairness-under-flood fd-exhaustion graceful-shutdown-no-data-loss
        """),
    ),
    kill("clients:shared_buffer", ids("random-schedules hundred-clients fairness-under-flood")),
    # Data is left behind only if the client disconnects before its reply is sent.
    kill(
        "clients:stale_data_after_fd_reuse",
        ids("close-while-stalled reset-while-stalled reset-after-half-close quiet-stderr"),
        sometimes=DISCONNECT | ids("descriptor-reuse"),
    ),
    kill("clients:select_only", ids("beyond-fd-setsize quiet-stderr")),
    kill("clients:starves_other_clients", ids("fairness-under-flood")),
    kill("clients:short_backlog", ids("connect-burst")),
    kill("clients:nagle_enabled", ids("no-nagle-delay"), family=Family.INET),
    kill("max_clients:rejects_beyond_max_clients", ids("queue-beyond-max-clients connect-burst")),
]

RESOURCES = [
    kill("resources:leaks_threads", ids("no-thread-or-process-leak")),
    kill("resources:leaves_zombies", ids("no-thread-or-process-leak")),
    kill("resources:leaks_memory", ids("no-memory-leak-after-churn")),
    kill("resources:busy_polls", ids("no-cpu-while-idle no-busy-loop-while-stalled fd-exhaustion")),
    kill("resources:exits_without_descriptors", ids("fd-exhaustion")),
    kill("resources:busy_loops_without_descriptors", ids("fd-exhaustion")),
    kill("resources:stops_accepting_without_descriptors", ids("fd-exhaustion")),
    kill("resources:closes_clients_without_descriptors", ids("fd-exhaustion")),
    kill("stderr:logs_each_connection", ids("quiet-stderr")),
    kill("stderr:logs_each_reset", ids("quiet-stderr")),
]

START_STOP = [
    # A client that connects before the listener is closed is accepted by the kernel. And once the socket is closed, the
    # path of another server can get the same inode number, by which upecho recognizes its own path.
    kill(
        "start_stop:closes_listener_at_start",
        REPLY_NEEDED | STALLED_CLIENT | ids("immediate-half-close"),
        sometimes=ids("no-cpu-while-idle replaced-socket-path-kept"),
    ),
    kill("start_stop:ignores_stop", EXIT_AT_STOP),
    kill("start_stop:exits_with_status_7_at_stop", EXIT_AT_STOP),
    kill(
        "start_stop:waits_for_clients_at_stop",
        EXIT_AT_STOP - ids("graceful-shutdown replaced-socket-path-kept"),
    ),
    kill(
        "start_stop:resets_connections_at_stop",
        ids("graceful-shutdown-idle-client graceful-shutdown-no-data-loss quiet-stderr"),
        family=Family.INET,
    ),
    kill("start_stop:resets_queued_clients_at_stop", ids("graceful-shutdown-queued-clients")),
    kill("start_stop:exits_in_signal_handler", ids("graceful-shutdown-no-data-loss")),
    kill("start_stop:receives_once_at_stop", ids("graceful-shutdown-no-data-loss")),
    kill("start_stop:receives_once_at_stop", ids("graceful-shutdown-no-data-loss"), family=Family.INET),
    kill("start_stop:leaves_child_process", ids("graceful-shutdown")),
    kill("start_stop:waits_for_stalled_clients", ids("graceful-shutdown-stalled-client")),
    kill("start_stop:exits_on_sigwinch", ids("survives-signals")),
    kill("start_stop:loses_data_on_sigwinch", ids("survives-signals")),
]

ADDRESSES = [
    kill("addresses:correct", NONE),
    kill("addresses:steals_live_path", ids("address-in-use live-socket-path-kept")),
    kill("addresses:deletes_regular_file", ids("regular-file-kept")),
    kill("addresses:refuses_stale_path", ids("immediate-restart stale-socket-path-reused")),
    kill("addresses:keeps_path_at_stop", ids("socket-path-removed-at-stop")),
    kill("addresses:removes_replaced_path", ids("replaced-socket-path-kept")),
    kill("addresses:world_writable_path", ids("socket-path-permissions")),
    kill("addresses:makes_path_private_after_bind", ids("socket-path-permissions")),
    kill("addresses:leaves_permissions_to_umask", ids("socket-path-permissions")),
    kill("addresses:listens_at_every_address", ids("only-given-address"), family=Family.INET),
    kill("addresses:listens_at_every_address", ids("only-given-address"), family=Family.INET6),
    kill("addresses:truncates_long_path", ids("socket-path-too-long")),
    kill("addresses:shares_port", ids("address-in-use"), family=Family.INET),
    kill("addresses:binds_without_reuseaddr", ids("immediate-restart"), family=Family.INET),
    kill(
        "addresses:prints_traceback",
        ids("address-in-use live-socket-path-kept regular-file-kept socket-path-too-long"),
    ),
]

# This one exits after its first client, so a race decides whether it still runs at the stop.
TEXTBOOK = Kill(
    "textbook",
    "Serve one client with one `recv()` and one `send()`, and exit: the naive server that upecho includes.",
    "textbook",
    caught_by=(
        REPLY_NEEDED
        - ids("""
            immediate-echo echo-hello every-byte-value half-close accepts-when-ready no-unsolicited-data
            stale-socket-path-reused stalled-client-isolation hundred-clients idle-clients beyond-fd-setsize
            fairness-under-flood fd-exhaustion immediate-restart graceful-shutdown-idle-client
        """)
    )
    | STALLED_CLIENT
    | ids("queue-beyond-max-clients socket-path-removed-at-stop replaced-socket-path-kept"),
    sometimes=ids("immediate-restart graceful-shutdown-idle-client"),
    family=Family.UNIX,
)

KILLS = [
    *BYTES,
    *TIMING,
    *BUFFERING,
    *CONNECTION_END,
    *FLOW_CONTROL,
    *CLIENTS,
    *RESOURCES,
    *START_STOP,
    *ADDRESSES,
    TEXTBOOK,
]
