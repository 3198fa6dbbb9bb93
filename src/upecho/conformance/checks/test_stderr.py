"""The last check: whatever clients did in those before, the server had no reason to complain of it."""

import signal

from upecho.conformance.check import Level, check
from upecho.conformance.harness.launcher import GRACE_SECONDS, Place

MIB = 1 << 20


@check(Level.MUST, process=True, looks_back=True)
def test_quiet_stderr(place: Place) -> None:
    """From when it is ready until it is told to stop a server writes nothing to stderr, whatever clients do.

    Source: a reset, a vanished client or a half-close is normal life; a traceback is for what nobody foresaw.
    """
    server = place.start()
    server.serves_the_next()
    for size in (1, MIB):
        for leave in ("close", "reset", "half_close"):
            wire = server.connect()
            wire.send_some(bytes(size))
            getattr(wire, leave)()
            wire.close()
    wire = server.connect()
    wire.stall(MIB)
    wire.reset()
    server.serves_the_next()
    place.expect_silence()
    server.stop(signal.SIGTERM, GRACE_SECONDS)
    place.expect_silence()
