"""Starts server processes of one target over one family, and says what is wrong with one that does not start."""

from pathlib import Path

from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Violation
from upecho.net.address import Address, Family
from upecho.net.ports import unused
from upecho.processes.ending import ending, foreground_hint
from upecho.processes.interpreter import Interpreter
from upecho.processes.linux.listening import described
from upecho.processes.server_process import Launch
from upecho.processes.starting import StartFailure, start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.settings import Settings
from upecho.serving.target import Target
from upecho.support.tracebacks import important_lines

GRACE_SECONDS = 2.0  # that an implementation is told


class Starter:
    """Starts server processes of one target over one family.

    Attributes:
        target: What is started.
        family: The socket family of every server.
        supervisor: What the server processes are children of.
    """

    def __init__(
        self, target: Target, family: Family, supervisor: Supervisor, interpreter: Interpreter | None = None
    ) -> None:
        """Prepare to start servers; none is started yet.

        Args:
            target: What is started.
            family: The socket family of every server.
            supervisor: What the server processes are children of.
            interpreter: Python that runs an implementation; None means this one.
        """
        self.target = target
        self.family = family
        self.supervisor = supervisor
        self._interpreter = interpreter
        self._hung: tuple[str, str] | None = None  # what was expected and seen of a server that hung at its start

    def launch(
        self, address: str | None = None, *, grace: float = GRACE_SECONDS, descriptors: int | None = None
    ) -> Launch:
        """Describe a start, with the parameters of ``Launcher.start``."""
        return Launch(
            self.target,
            address or self.new_address(),
            Settings(grace=grace),
            descriptors=descriptors,
            interpreter=self._interpreter,
        )

    def start(self, launch: Launch) -> Server:
        """Start a server.

        Raises:
            Violation: It does not become ready.
        """
        if self._hung:  # waiting for that again in every check would take minutes
            raise Violation(*self._hung)
        try:
            process = start_server(self.supervisor, launch)
        except StartFailure as failure:
            violation = self._violation(launch, failure)
            if failure.status is None and launch.descriptors is None:
                self._hung = violation.expected, violation.seen
            raise violation from None
        return Server(process.address, process)

    def expect_refusal(self, address: str) -> str:
        """Expect that a server ends, with an error status, because it cannot listen at an address.

        Returns:
            What it wrote to stderr.
        """
        try:
            # Something else may answer at the address, so a connection would not show that this server is ready.
            with start_server(self.supervisor, self.launch(address), may_connect=False):
                raise Violation(f"no server at {address}", "it is ready")
        except StartFailure as failure:
            expected = f"an exit status other than 0 for {address}"
            if failure.status is None:
                raise Violation(expected, "a process that neither serves nor ends") from None
            if failure.status == 0:
                raise Violation(expected, ending(failure.status)) from None
            return failure.stderr

    def new_address(self) -> str:
        """Return an address that no one uses, with a port that nothing else takes, even while no server listens."""
        return str(unused(Address.parse(self.supervisor.new_address(self.family))))

    def new_directory(self) -> Path:
        """Return a new directory for a Unix socket."""
        directory = Path(Address.parse(self.supervisor.new_address(Family.UNIX)).path)
        directory.mkdir(mode=0o700)
        return directory

    def _violation(self, launch: Launch, failure: StartFailure) -> Violation:
        how = "neither ready nor ended"
        if failure.status is not None:
            how = ending(failure.status) + foreground_hint(failure.status, self.target)
        elif failure.listening:
            how = f"it accepted no connection there; it listens at {described(failure.listening)}"
        stderr = "; ".join(important_lines(failure.stderr)) or "nothing"
        return Violation(f"a server at {launch.address}", f"{how}; on stderr: {stderr}")
