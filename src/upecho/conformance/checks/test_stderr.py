"""Checks that run last: what clients did in any check is normal, so a server reports none of it as an error."""

import signal

from upecho.conformance.check import Level, check
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import NotReached, precondition
from upecho.support import timeouts

MIB = 1 << 20
END_SECONDS = 2.0  # after the stop, for what a server writes while it ends


@check(Level.MUST, process=True, runs_last=True)
def test_no_errors_on_stderr(launcher: Launcher) -> None:
    """From when it is ready until it has ended, a server writes no traceback, crash report or warning to stderr.

    Log lines do not count, whatever their words, and neither does what a server writes without free descriptors.

    Source: POSIX send() and recv(): ECONNRESET and EPIPE are regular results, which a program has to handle.
    """
    try:
        with precondition("clients that are served"):
            server = launcher.start()
            _disturb(server)
            server.request_stop(signal.SIGTERM)
            server.process.child.wait(timeouts.scaled(END_SECONDS))
    except NotReached:
        launcher.expect_no_errors_on_stderr()
        raise
    launcher.expect_no_errors_on_stderr()


@check(Level.SHOULD, process=True, runs_last=True, silence=True)
def test_quiet_stderr(launcher: Launcher) -> None:
    """From when it is ready until it is told to stop, an implementation writes nothing to stderr.

    Source: the contract of an implementation; standard error is for diagnostics, says stderr(3).
    """
    try:
        with precondition("clients that are served"):
            _disturb(launcher.shared_server())
    except NotReached:
        _expect_silence(launcher)
        raise
    _expect_silence(launcher)


def _expect_silence(launcher: Launcher) -> None:
    with precondition("no error on stderr", "no-errors-on-stderr"):
        launcher.expect_no_errors_on_stderr()
    launcher.expect_silence_on_stderr()


def _disturb(server: Server) -> None:
    """Connect clients that leave in every way that is normal for a client."""
    client = server.connect()
    client.exchange(b"before the others")
    client.close()
    for size in (1, MIB):
        for leave in ("close", "reset", "half_close"):
            client = server.connect()
            client.send_some(bytes(size))
            getattr(client, leave)()
            client.close()
    client = server.connect()
    client.stall(MIB)
    client.reset()
    server.connect().exchange(b"after the others")
