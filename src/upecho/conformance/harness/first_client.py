"""What the first client of a target sees. If that is not an echo, most checks are not worth running."""

from dataclasses import dataclass

from upecho.conformance.check import Check
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import NotReached, Violation

ANSWER_CHECK = "echo-hello"  # the check that fails if the first client is not answered correctly
ANSWER_TOPICS = ("bytes", "messages")  # of the checks that say what is wrong with an answer


@dataclass(frozen=True)
class Obstacle:
    """Why checks are not worth running.

    Attributes:
        precondition: What the checks need first.
        expected: What the first client expected.
        seen: What it saw instead.
        end: How the server has ended by itself; empty if it has not.
        is_silent: Whether the server answered nothing at all.
    """

    precondition: str
    expected: str
    seen: str
    end: str = ""
    is_silent: bool = True

    @classmethod
    def silence(cls, violation: Violation) -> "Obstacle":
        """Return the obstacle that the server does not answer, or does not even start."""
        return cls("an answer to the first client", violation.expected, violation.seen, violation.end)

    def expect_irrelevant_for(self, check: Check) -> None:
        """Expect that a check can be run nevertheless.

        Raises:
            Violation: The check is the one that fails because of the obstacle. The exception is a new one each time,
                because a note that is added to it must not appear under another check.
            NotReached: The check is another one.
        """
        if check.topic in ANSWER_TOPICS and not self.is_silent:
            return
        violation = Violation(self.expected, self.seen)
        violation.end = self.end
        if check.id == ANSWER_CHECK:
            raise violation
        raise NotReached(self.precondition, violation, [ANSWER_CHECK])


def wrong_echo(server: Server) -> Obstacle | None:
    """Let a client say hello to a server that has no other client; return what is wrong with the answer, if anything.

    Only what arrives at once is compared, so that a slow server is not waited for.

    Raises:
        Violation: There is no answer.
    """
    client = server.connect()
    client.send(b"hello")
    client.expect_any_answer(quiet_network=True)
    try:
        client.compare_received()
    except Violation as violation:
        return Obstacle("an echo for the first client", violation.expected, violation.seen, is_silent=False)
    return None
