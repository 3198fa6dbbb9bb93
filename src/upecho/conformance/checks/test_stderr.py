"""The check that runs last: nothing that clients did in any check made the server write to stderr."""

import signal

from upecho.conformance.check import Level, check
from upecho.conformance.harness.launcher import GRACE_SECONDS, Launcher

MIB = 1 << 20


@check(Level.MUST, process=True, runs_last=True)
def test_quiet_stderr(launcher: Launcher) -> None:
    """A server writes nothing to stderr from when it is ready until it is told to stop, whatever clients do.

    Source: resets, vanished clients and half-closes are normal; a traceback reports what a program did not foresee.
    """
    server = launcher.start()
    server.expect_serves_new_clients()
    for size in (1, MIB):
        for leave in ("close", "reset", "half_close"):
            client = server.connect()
            client.send_some(bytes(size))
            getattr(client, leave)()
            client.close()
    client = server.connect()
    client.stall(MIB)
    client.reset()
    server.expect_serves_new_clients()
    launcher.expect_quiet_stderr()
    server.stop(signal.SIGTERM, GRACE_SECONDS)
    launcher.expect_quiet_stderr()
