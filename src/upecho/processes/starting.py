"""Starts a server as a child process, and says why if it does not become ready.

An implementation of upecho announces its actual address on stdout (``upecho.serving.announcement``), so it can choose
its port itself. A command of the user announces nothing: it has to be given a free address, and it is ready when it
accepts a connection (``upecho.processes.readiness``).
"""

import contextlib
import sys
import time
from collections.abc import Iterable, Sequence

from upecho.net.address import Address
from upecho.processes import readiness
from upecho.processes.child import END_SECONDS, Child
from upecho.processes.ending import ended
from upecho.processes.linux import listening, procfs
from upecho.processes.readiness import READY_SECONDS
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.serving import registry
from upecho.serving.announcement import Ready, Refused, decode
from upecho.serving.run import NO_PORT_STATUS, Order
from upecho.serving.target import Kind, Target
from upecho.support import timeouts
from upecho.support.errors import AddressError, CallerError, NoPortLeft, TargetError

SERVING = "upecho.serving.run"
SERVE = "from upecho.serving.run import main; main()"


class StartFailure(TargetError):
    """A server did not become ready.

    Attributes:
        status: Exit status of the process, negative for a signal; None if the process neither served nor ended.
        stderr: What the process wrote to stderr.
        refusal: Why upecho's own code refused to start an implementation, such as an address that cannot be bound;
            None if the process failed in another way.
        listening: Addresses at which the process listened when it counted as not ready, as far as the system shows it.
    """

    def __init__(
        self,
        target: str,
        *,
        status: int | None,
        stderr: str,
        refusal: CallerError | None = None,
        listening: Sequence[Address] = (),
    ) -> None:
        how = "did not become ready" if status is None else f"{ended(status)} before it was ready"
        last_line = stderr.strip().splitlines()[-1:] or ["no output on stderr"]
        super().__init__(f"it {how}: {last_line[0]}", subject=target)
        self.status = status
        self.stderr = stderr
        self.refusal = refusal
        self.listening = listening


def forking_supervisor(targets: Iterable[Target], *, parent: str = "") -> Supervisor:
    """Return a supervisor under which the built-in implementations among the targets start sooner.

    Their servers are forked from a process that has loaded their modules, which are known to allow that. The code of
    others is loaded by each of their servers.

    Args:
        targets: The targets.
        parent: As for ``Supervisor``.
    """
    modules = {registry.find(target.name).module for target in targets if _is_built_in(target)}
    return Supervisor(SERVING if modules else None, sorted(modules), parent=parent)


def _is_built_in(target: Target) -> bool:
    return target.kind is Kind.IMPLEMENTATION and target.name in registry.BUILT_IN_NAMES


def start_server(supervisor: Supervisor, launch: Launch, *, may_connect: bool = True) -> ServerProcess:
    """Start a server and wait until it is ready.

    Args:
        supervisor: What the process is a child of.
        launch: What to start.
        may_connect: Whether a successful connection shows that a command is ready. False if another server answers at
            the address: then a command that does not end counts as not ready.

    Raises:
        StartFailure: The server did not become ready.
        NoPortLeft: The system had no port for it.
        HarnessError: No process could be started.
    """
    if launch.target.kind is Kind.IMPLEMENTATION:
        child = _start_implementation(supervisor, launch)
        announcement = _read_announcement(child)
        if isinstance(announcement, Ready):
            return ServerProcess(child, Address.parse(announcement.address), launch, _let_serve(child))
        refusal = announcement.error if announcement else None
    else:
        child, address = _start_command(supervisor, launch, may_connect=may_connect)
        if address:
            return ServerProcess(child, address, launch, child.stderr_bytes())
        refusal = None
    # A command that was not connected to has had no time yet to start and to notice that its address is taken.
    status = child.wait(timeouts.scaled(END_SECONDS if may_connect else READY_SECONDS))
    stderr = child.stderr()
    listens_at = listening.listening_addresses(procfs.members(child.tree))
    child.close()
    if status == NO_PORT_STATUS and launch.target.kind is Kind.IMPLEMENTATION:
        raise NoPortLeft
    raise StartFailure(launch.target.text, status=status, stderr=stderr, refusal=refusal, listening=listens_at)


def _start_implementation(supervisor: Supervisor, launch: Launch) -> Child:
    order = Order(launch.target.text, launch.address, launch.settings)
    is_plain = not launch.prefix and launch.interpreter is None and launch.layout is None
    if supervisor.program == SERVING and _is_built_in(launch.target) and is_plain:
        return supervisor.fork([order.to_json()], launch.cores, descriptors=launch.descriptors, umask=launch.umask)
    if launch.interpreter is None:
        # -P: a lesson's own selectors.py in the current directory must not replace the standard library's.
        program = [sys.executable, "-P", "-m", SERVING]
    else:
        program = launch.interpreter.command(supervisor.directory, SERVE)
    command = [*launch.prefix, *program, order.to_json()]
    return supervisor.start(
        command, launch.cores, descriptors=launch.descriptors, umask=launch.umask, layout=launch.layout
    )


def _let_serve(child: Child) -> int:
    """Let a server go on that has announced itself; return the size in bytes of what it wrote to stderr before."""
    startup_bytes = child.stderr_bytes()
    with contextlib.suppress(BrokenPipeError):  # it has ended, which its first client will notice
        child.stdin.write(b"\n")
    return startup_bytes


def _read_announcement(child: Child) -> Ready | Refused | None:
    """Wait for the announcement of an implementation; return None if it ended or was silent for too long."""
    deadline = time.monotonic() + timeouts.scaled(READY_SECONDS)
    while (line := child.read_line(deadline - time.monotonic())) is not None:
        if announcement := decode(line):
            return announcement
    return None


def _start_command(supervisor: Supervisor, launch: Launch, *, may_connect: bool) -> tuple[Child, Address | None]:
    """Start a command; return it with its address, or with None if it did not become ready."""
    command = [*launch.prefix, *launch.target.command(launch.address)]
    try:
        address = Address.parse(launch.address)
    except AddressError:  # a check passes an address that no system accepts
        may_connect = False
    earlier = readiness.present_sockets(address) if may_connect else set()
    child = supervisor.start(
        command, launch.cores, descriptors=launch.descriptors, umask=launch.umask, layout=launch.layout, mute=True
    )
    return child, address if may_connect and readiness.await_connection(child, address, earlier) else None
