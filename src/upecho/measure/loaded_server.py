"""The server of one trial: a process that was started for it, or a server that runs already."""

import abc
import contextlib
import signal
from collections.abc import Collection, Iterator

from upecho.load.plan import Failure, LoadResult
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.trials import Fault, Finding
from upecho.net.address import Address
from upecho.net.ports import unused
from upecho.processes.ending import ended
from upecho.processes.linux import procfs, signal_masks
from upecho.processes.linux.scope import Scope
from upecho.processes.running_server import RunningServer
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind
from upecho.support.error_reports import error_reports

STARTED_PER_REQUEST = 0.5  # of processes and threads on this machine; a server that forks for each has more
LOST = "CPU time of processes that ended is lost, because the server ignores SIGCHLD; only a control group has it"
END_SECONDS = 0.2  # how much later the end of a process may be visible than the end of its connections


class LoadedServer(abc.ABC):
    """A server under load.

    Attributes:
        address: Where it listens.
        scope: Its processes; None if they are not observed.
        is_fresh: Whether it was started for this trial, so that its memory shows what connections take.
    """

    def __init__(self, address: Address, scope: Scope | None, *, is_fresh: bool) -> None:
        self.address = address
        self.scope = scope
        self.is_fresh = is_fresh

    def may_run_on(self, cores: Collection[int]) -> bool:
        """Whether a server that upecho did not start may run on one of some processor cores."""
        return not (self.is_fresh or self.scope is None or self.scope.cores().isdisjoint(cores))

    def lost_cpu_time(self, load: LoadResult, started: int) -> Void | None:
        """Return that the CPU time of a load is not known, because the kernel discarded a part of it; None if it is.

        It discards that of processes that end if their parent ignores SIGCHLD (wait(2)), unless a control group counts.

        Args:
            load: The load.
            started: Number of processes and threads that were started on this machine meanwhile.
        """
        if not load.server or started <= STARTED_PER_REQUEST * load.requests or not self.scope or self.scope.group:
            return None
        if any(signal_masks.ignores(pid, signal.SIGCHLD) for pid in self.scope.members()):
            return Void(VoidReason.CPU_TIME_LOST, LOST)
        return None

    @abc.abstractmethod
    def findings(self, load: LoadResult) -> Iterator[Finding]:
        """Yield what the server did wrong, as the load and the server itself show."""


class StartedServer(LoadedServer):
    """A server process that was started for a trial."""

    def __init__(self, process: ServerProcess) -> None:
        scope = Scope((process.child.tree,)) if procfs.AVAILABLE else None
        super().__init__(process.address, scope, is_fresh=True)
        self._process = process

    def findings(self, load: LoadResult) -> Iterator[Finding]:
        """Yield failed requests, and whether the server ended or reported an error on stderr."""
        yield from _failed_requests(load)
        status = self._process.child.wait(END_SECONDS if load.errors else 0)
        if status is not None:
            yield Finding(Fault.PROCESS_ENDED, ended(status))
        if reports := error_reports(self._process.child.stderr(self._process.startup_stderr_bytes)):
            yield Finding(Fault.ERROR_ON_STDERR, f"reported an error on stderr: {reports[-1].text}")


class ForeignServer(LoadedServer):
    """A server that someone else has started; it is neither signalled nor stopped."""

    def __init__(self, server: RunningServer) -> None:
        super().__init__(server.address, server.scope, is_fresh=False)
        self._server = server

    def findings(self, load: LoadResult) -> Iterator[Finding]:
        """Yield failed requests, and whether the server ended or does not accept connections any more."""
        yield from _failed_requests(load)
        if gone := self._server.ended():
            yield Finding(Fault.PROCESS_ENDED, f"process {', '.join(map(str, gone))} has ended")
        elif load.errors and not self._server.accepts():
            yield Finding(Fault.NOT_READY, "accepts no connections any more")


@contextlib.contextmanager
def serving(
    supervisor: Supervisor, planned: PlannedCell, cores: Collection[int], *, layout: int | None = None
) -> Iterator[LoadedServer]:
    """Provide the server of a trial; one that was started ends with the block.

    Args:
        supervisor: Supervisor of a server that is started.
        planned: The cell of the trial.
        cores: Processor cores of a server that is started.
        layout: Number of its memory layout (``upecho.processes.layout``); None leaves it to the system.

    Raises:
        StartFailure: The server did not become ready.
        NoPortLeft: The system had no port for it.
        HarnessError: No process could be started.
    """
    if planned.running:
        yield ForeignServer(planned.running)
        return
    launch = Launch(
        planned.target,
        new_address(supervisor, planned),
        cores=cores,
        interpreter=planned.interpreter,
        layout=layout,
    )
    with start_server(supervisor, launch) as process:
        yield StartedServer(process)


def new_address(supervisor: Supervisor, planned: PlannedCell) -> str:
    """Return an address for a server, with a port if it is a command, which cannot report the one that it chose."""
    address = supervisor.new_address(planned.cell.family)
    return str(unused(Address.parse(address))) if planned.target.kind is Kind.COMMAND else address


def _failed_requests(load: LoadResult) -> Iterator[Finding]:
    for kind, count in load.errors.items():
        if kind is not Failure.NO_PORT:
            yield Finding(Fault.REQUESTS_FAILED, kind.counted(count))
