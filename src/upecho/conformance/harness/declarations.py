"""What a target declares that it does not support, and whether it does so after all."""

import functools
from collections.abc import Callable

from upecho.conformance.check import Check
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Violation
from upecho.net.address import Family
from upecho.serving.target import Target
from upecho.support.text import plural

ANSWER_SECONDS = 0.3  # a client that is answered later than this had to wait for its turn


class Declarations:
    """What one target declares, for one family."""

    def __init__(self, target: Target, family: Family, server: Callable[[], Server]) -> None:
        """Read the declarations of a target.

        Args:
            target: What is checked.
            family: The socket family of every server.
            server: Returns a server of the target, for a quick attempt.
        """
        self._target = target
        self._family = family
        self._server = server

    def unsupported_reason(self, check: Check) -> str | None:
        """Return why the target or this system does not support a check; None if they do."""
        if self._family not in self._target.families:
            return f"declared not to serve {self._family}"
        if self.takes_too_many(check):
            return f"declared to serve at most {plural(self._target.max_clients or 0, 'client')}"
        if check.silence and self._target.logs:
            return "declared to log to stderr"
        return check.unavailable or None

    def works_anyway(self, check: Check) -> bool:
        """Whether an unsupported check may well pass, because the target does more than it declares."""
        if check.silence and self._target.logs:  # a log may be silent by chance
            return False
        serves_family = self._family in self._target.families or self._serves_one
        return not check.unavailable and serves_family and (not self.takes_too_many(check) or self._serves_more)

    @functools.cached_property
    def _serves_one(self) -> bool:
        return self._serves_beside(0)

    @functools.cached_property
    def _serves_more(self) -> bool:
        return self._serves_beside(self._target.max_clients or 0)

    def _serves_beside(self, others: int) -> bool:
        """Whether a client is served while ``others`` clients, which were served before it, are still connected."""
        server = None
        try:
            server = self._server()
            for _ in range(others):
                server.connect().exchange(b"one of those")
            return server.connect().is_served(b"one more", ANSWER_SECONDS)
        except Violation:
            return False
        finally:
            if server:
                server.disconnect()

    def takes_too_many(self, check: Check) -> bool:
        """Whether a check needs more clients than the target declares to serve at the same time."""
        return self._target.max_clients is not None and check.clients > self._target.max_clients
