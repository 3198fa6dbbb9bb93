"""The kill matrix: each broken server with the checks that must catch it.

The name comes from mutation testing, where a test kills a mutant of a program. Here the mutants are servers, and each
check of the suite has to kill at least one of them.

A row names only the checks that look for its defect, usually one or two. What else a server fails is recorded by
``python -m tests.broken.record`` and reviewed as a difference, so no row has to change when a check is added.
"""

import importlib
import inspect
import sys
from dataclasses import dataclass

from upecho.net.address import Family


@dataclass(frozen=True)
class Kill:
    """A broken server over one family, and the checks that must catch it.

    Attributes:
        name: The server as ``TOPIC:FUNCTION``, which stands for ``tests.broken.wrong_TOPIC:FUNCTION``, or ``textbook``.
        defect: What is wrong with the server, in one line.
        target: The target that the suite checks.
        caught_by: The ids of the checks that the server must fail; none if the server is correct.
        family: The family that the server is checked over.
    """

    name: str
    defect: str
    target: str
    caught_by: frozenset[str]
    family: Family

    def __str__(self) -> str:
        return f"{self.name}-{self.family.value}"


def kill(name: str, caught_by: str, *, family: Family = Family.UNIX) -> Kill:
    """Return a row of the matrix for a server in a module ``wrong_…`` of this package.

    Args:
        name: The server as ``TOPIC:FUNCTION``. If the module has a function ``main``, its servers are programs.
        caught_by: The ids of the checks that the server must fail, separated by white space.
        family: The family that the server is checked over.
    """
    topic, _, function = name.partition(":")
    location = f"tests.broken.wrong_{topic}"
    module = importlib.import_module(location)
    defect = inspect.getdoc(getattr(module, function)) or ""
    target = f"{location}:{function}"
    if hasattr(module, "main"):  # its servers bind their address themselves, which only a program can do
        target = f"cmd:{sys.executable} -m {location} {function} {{address}}"
    return Kill(name, defect, target, caught_by=frozenset(caught_by.split()), family=family)


BYTES = [
    kill("bytes:lower_case", "echo-hello"),
    kill("bytes:title_case", "echo-hello"),
    kill("bytes:adds_newline", "echo-hello immediate-echo"),
    kill("bytes:drops_last_byte", "echo-hello coalesced-messages"),
    kill("bytes:str_upper", "every-byte-value utf8-untouched"),
    kill("bytes:latin1_upper", "every-byte-value utf8-untouched"),
    kill("bytes:strips_null_bytes", "every-byte-value full-duplex"),
    kill("bytes:obeys_commands", "words-as-data"),
    kill("bytes:obeys_marked_commands", "words-as-data"),
]

TIMING = [
    kill("timing:silent", "echo-hello"),
    kill("timing:closes_immediately", "echo-hello"),
    kill("timing:sends_greeting", "no-unsolicited-data"),
    kill("timing:closes_idle_connections", "no-unsolicited-data"),
    kill("timing:closes_connections_idle_for_2_seconds", "idle-connection-kept"),
    kill("timing:falls_silent", "single-byte-messages"),
]

BUFFERING = [
    kill("buffering:sends_whole_buffer", "echo-hello"),
    kill("buffering:line_buffered", "immediate-echo single-byte-messages", family=Family.INET),
    kill("buffering:block_buffered", "immediate-echo message-sizes"),
    kill("buffering:waits_after_full_receive", "buffer-sizes"),
    kill("buffering:ignores_short_sends", "small-receive-buffer stall-then-drain"),
    kill("buffering:ignores_short_sends", "small-receive-buffer stall-then-drain", family=Family.INET),
    kill("buffering:overwrites_unsent_data", "stall-then-drain order-preserved"),
    kill("buffering:reorders_replies", "order-preserved"),
]

CONNECTION_END = [
    kill("connection_end:resets_on_close", "half-close no-reset-on-close", family=Family.INET),
    kill("connection_end:never_closes", "half-close immediate-half-close half-close-before-accept"),
    kill("connection_end:discards_queue_at_eof", "half-close-large half-close-while-stalled"),
    kill("connection_end:stops_sending_at_half_close", "half-close-while-stalled", family=Family.INET),
    kill(
        "connection_end:crashes_on_reset",
        "reset-idle reset-mid-transfer reset-with-unread-replies reset-before-accept descriptor-reuse",
    ),
    kill("connection_end:leaks_fd_per_reset", "no-fd-leak-after-resets reset-idle reset-after-half-close"),
    kill("connection_end:leaks_fd_per_connection", "no-fd-leak-after-churn shutdown-both-directions"),
    kill("connection_end:leaks_fd_per_silent_client", "abrupt-close"),
]

FLOW_CONTROL = [
    kill("flow_control:unbounded_queue", "bounded-memory-under-backpressure"),
    kill("flow_control:busy_loops_while_stalled", "no-busy-loop-while-stalled"),
    kill("flow_control:polls_input_after_eof", "no-busy-loop-while-stalled"),
    kill("flow_control:closes_stalled_connections", "stall-then-drain"),
    kill("flow_control:bounds_each_send_to_3_seconds", "long-stall"),
    kill("flow_control:closes_after_15_stalls", "stall-cycles"),
    kill("flow_control:blocks_all_clients_at_eof", "half-closed-client-isolation"),
    kill("flow_control:blocks_all_clients_at_eof", "half-closed-client-isolation", family=Family.INET),
    kill("flow_control:blocks_all_clients", "stalled-client-isolation graceful-shutdown-stalled-client"),
    kill("flow_control:leaks_fd_per_stalled_client", "close-while-stalled reset-while-stalled"),
]

CLIENTS = [
    kill("clients:undeclared_max_clients", "hundred-clients idle-clients"),
    kill("clients:shared_buffer", "random-schedules hundred-clients"),
    kill("clients:stale_data_after_fd_reuse", "close-while-stalled reset-while-stalled"),
    kill("clients:select_only", "beyond-fd-setsize"),
    kill("clients:starves_other_clients", "fairness-under-flood"),
    kill("clients:accepts_only_when_idle", "accepts-under-flood"),
    kill("clients:accepts_only_when_idle", "accepts-under-flood", family=Family.INET),
    kill("clients:short_backlog", "connect-burst"),
    kill("clients:nagle_enabled", "no-nagle-delay", family=Family.INET),
    kill("max_clients:rejects_beyond_max_clients", "queue-beyond-max-clients"),
]

RESOURCES = [
    kill("resources:leaks_threads", "no-thread-or-process-leak"),
    kill("resources:leaves_zombies", "no-thread-or-process-leak"),
    kill("resources:leaks_memory", "no-memory-leak-after-churn"),
    kill("resources:leaks_little_memory", "no-memory-leak-after-churn"),
    kill("resources:keeps_history", "no-memory-leak-on-connection"),
    kill("resources:keeps_hundredth_of_history", "no-memory-leak-on-connection"),
    kill("resources:busy_polls", "no-cpu-while-idle"),
    kill("resources:exits_without_descriptors", "fd-exhaustion"),
    kill("resources:busy_loops_without_descriptors", "fd-exhaustion"),
    kill("resources:stops_accepting_without_descriptors", "fd-exhaustion"),
    kill("resources:closes_clients_without_descriptors", "fd-exhaustion"),
    kill("stderr:logs_each_connection", "quiet-stderr"),
    kill("stderr:logs_each_reset", "no-errors-on-stderr"),
    kill("stderr:crashes_while_stopping", "no-errors-on-stderr"),
]

START_STOP = [
    kill("start_stop:closes_listener_at_start", "accepts-when-ready"),
    kill("start_stop:ignores_stop", "graceful-shutdown"),
    kill("start_stop:exits_with_status_7_at_stop", "graceful-shutdown"),
    kill("start_stop:waits_for_clients_at_stop", "graceful-shutdown-idle-client"),
    kill(
        "start_stop:resets_connections_at_stop",
        "graceful-shutdown-idle-client graceful-shutdown-no-data-loss",
        family=Family.INET,
    ),
    kill("start_stop:resets_queued_client_at_stop", "graceful-shutdown-queued-client"),
    kill("start_stop:exits_in_signal_handler", "graceful-shutdown-no-data-loss"),
    kill("start_stop:receives_once_at_stop", "graceful-shutdown-no-data-loss"),
    kill("start_stop:receives_once_at_stop", "graceful-shutdown-no-data-loss", family=Family.INET),
    kill("start_stop:restores_default_signal_actions", "graceful-shutdown"),
    kill("start_stop:notices_signals_only_in_main_thread", "graceful-shutdown-any-thread"),
    kill("start_stop:notices_interrupt_only_in_main_thread", "graceful-shutdown-any-thread"),
    kill("start_stop:leaves_children_to_signals", "graceful-shutdown-process-group"),
    kill("start_stop:leaves_children_to_signals", "graceful-shutdown-process-group", family=Family.INET),
    kill("start_stop:leaves_child_process", "graceful-shutdown"),
    kill("start_stop:waits_for_stalled_clients", "graceful-shutdown-stalled-client"),
    kill("start_stop:exits_on_sigwinch", "survives-signals"),
    kill("start_stop:loses_data_on_sigwinch", "survives-signals"),
]

ADDRESSES = [
    kill("addresses:correct", ""),
    kill("addresses:steals_live_path", "live-socket-path-kept"),
    kill("addresses:deletes_regular_file", "regular-file-kept"),
    kill("addresses:refuses_stale_path", "immediate-restart stale-socket-path-reused"),
    kill("addresses:keeps_path_at_stop", "socket-path-removed-at-stop"),
    kill("addresses:removes_replaced_path", "replaced-socket-path-kept"),
    kill("addresses:world_writable_path", "socket-path-permissions"),
    kill("addresses:makes_path_private_after_bind", "socket-path-permissions"),
    kill("addresses:leaves_permissions_to_umask", "socket-path-permissions"),
    kill("addresses:listens_at_every_address", "only-given-address", family=Family.INET),
    kill("addresses:listens_at_every_address", "only-given-address", family=Family.INET6),
    kill("addresses:truncates_long_path", "socket-path-too-long"),
    kill("addresses:shares_port", "address-in-use", family=Family.INET),
    kill("addresses:binds_without_reuseaddr", "immediate-restart", family=Family.INET),
    kill("addresses:prints_traceback", "clear-bind-error"),
    kill("addresses:says_nothing", "clear-bind-error"),
    kill("addresses:exits_with_status_0_when_refused", "address-in-use"),
]

TEXTBOOK = Kill(
    "textbook",
    "Serve one client with one `recv()` and one `send()`, and exit: the naive server that upecho includes.",
    "textbook",
    caught_by=frozenset({"single-byte-messages"}),
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

# Checks that no broken server proves, each with the reason.
UNPROVED: dict[str, str] = {}
