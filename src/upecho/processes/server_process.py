"""Servers as child processes: start one, wait until it is ready, observe it, stop it.

A server is ready when it says so or when a connection to it succeeds. An implementation of upecho announces its actual
address on stdout (``upecho.serving.announcement``), so it can choose its port itself. A command of the user announces
nothing: it has to be given a free address, and it is ready when it accepts a connection.

A connection to a command succeeds as well if another process accepts it: an earlier server that has not ended yet, or
one that has taken the address in the meantime. So a socket that listens at the address must belong to the command or to
a process that descends from it. If none does for a while, a socket that did not exist before the command was started
will do, since the command may have had another process listen, as with containers. Where the system does not show who
listens, the connection is all that can be asked for.
"""

import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Self

from upecho.net import connecting
from upecho.net.address import Address
from upecho.processes import listening, procfs, thread_signal
from upecho.processes.child import Child
from upecho.processes.ending import ended
from upecho.processes.interpreter import Interpreter
from upecho.processes.process_tree import descendants
from upecho.processes.supervisor import Supervisor
from upecho.serving.announcement import Ready, Refused, decode
from upecho.serving.run import NO_PORT_STATUS, Order
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target
from upecho.support import timeouts
from upecho.support.errors import AddressError, CallerError, NoPortLeft, TargetError, Unavailable

READY_SECONDS = 10.0
STOP_SECONDS = 5.0  # in addition to the server's own grace
END_SECONDS = 2.0  # for a process that has nothing left to do
DELEGATED_SECONDS = 2.0  # until a listener of another process counts as that of the command
POLL_INTERVAL_SECONDS = 0.01  # between two attempts to connect
OUTSIDE_SECONDS = 0.1  # between two searches for processes that have left the process group; each takes a millisecond
HANDLER_SECONDS = 1.0  # until a server that accepts connections has to have its signal handlers as well
HANDLER_POLL_SECONDS = 0.002  # between two readings of the signals that a process handles
SERVE = "from upecho.serving.run import main; main()"


@dataclass(frozen=True)
class Launch:
    """What to start, and under which conditions.

    Attributes:
        target: An implementation or a command.
        address: Where the server has to listen, in a form that Address.parse reads. A command cannot report the port
            that the system chooses for port 0, so it needs another one.
        settings: Settings of an implementation; a command brings its own.
        cores: Processor cores that the process may run on; empty means all of them.
        descriptors: Number of descriptors that the process may open; None means as many as this process.
        interpreter: Python that runs an implementation; None means the one that runs upecho.
        prefix: A program and arguments that execute the command which follows them.
    """

    target: Target
    address: str
    settings: Settings = field(default_factory=Settings)
    cores: Collection[int] = ()
    descriptors: int | None = None
    interpreter: Interpreter | None = None
    prefix: Sequence[str] = ()

    @property
    def grace(self) -> float:
        """Seconds that the server may give its clients after it was told to stop."""
        if self.target.kind is Kind.COMMAND:
            return self.target.grace
        return max(self.settings.grace, self.target.grace)


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


class ServerProcess:
    """A server in a child process, which has been ready once; as a context manager it is killed at the end.

    Attributes:
        child: The process.
        address: Actual address that the server listens on.
        launch: How it was started.
    """

    def __init__(self, child: Child, address: Address, launch: Launch) -> None:
        self.child = child
        self.address = address
        self.launch = launch
        # A system may hide the processes of other users, such as those below sudo: hidepid in proc(5).
        self._is_hidden = not procfs.shows(child.pid) and child.is_alive()
        self._outside: list[int] = []
        self._looked_outside = -math.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.child.close()

    def stop(self, number: int = signal.SIGTERM) -> int | None:
        """Send a signal and wait for the end; return the exit status, or None if the process had to be killed."""
        self.child.send_signal(number)
        status = self.child.wait(self.launch.grace + timeouts.scaled(STOP_SECONDS))
        self.child.kill()
        return status

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and everything that descends from it, unless the process has ended."""
        if not self.child.is_alive():
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)
        for pid in self._outside_group():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _outside_group(self) -> list[int]:
        """Return the processes that have left the process group; it looks for them once in a while."""
        now = time.monotonic()
        if now - self._looked_outside > OUTSIDE_SECONDS:
            self._looked_outside = now
            stats = descendants(self.child.tree)
            self._outside = [pid for pid, stat in stats.items() if int(stat[2]) != self.child.pid]
        return self._outside

    @property
    def is_shown(self) -> bool:
        """Whether this system shows what the process uses."""
        return procfs.AVAILABLE and not self._is_hidden

    def handles(self, number: int) -> bool | None:
        """Whether a signal would not simply end the server; None where the system does not show it.

        A signal is handled by a process that catches, blocks or ignores it. The process itself has to handle it and,
        since the process may be a wrapper that passes signals on, so does one of those that listen.
        """
        if not self.is_shown:
            return None
        first = [self.child.pid]
        listeners = self._listeners()
        pids = first if self.child.pid in listeners else listeners
        groups = [[procfs.handles(pid, number) for pid in some] for some in (first, pids or first)]
        if any(True not in seen and None in seen for seen in groups):
            return None
        return all(True in seen for seen in groups)

    def is_wrapped(self) -> bool:
        """Whether another process than the first one listens, as below a shell or ``timeout``."""
        listeners = self._listeners() if self.is_shown else []
        return bool(listeners) and self.child.pid not in listeners

    def await_handler(self, number: int, timeout: float = HANDLER_SECONDS) -> bool | None:
        """Wait until the server handles a signal; return what ``handles`` returns at the end.

        A command may install its handlers after it has begun to listen, and it has no means to tell when it has.

        Args:
            number: The signal.
            timeout: Seconds to wait; it is scaled.
        """
        deadline = time.monotonic() + timeouts.scaled(timeout)
        while (handled := self.handles(number)) is False and time.monotonic() < deadline and self.child.is_alive():
            time.sleep(HANDLER_POLL_SECONDS)
        return handled

    def _listeners(self) -> list[int]:
        """Return the ids of the processes that listen: the first one, or else those that descend from it."""
        candidates = listening.candidates(self.address)
        own, _ = listening.holders([self.child.pid], candidates)
        return own or listening.holders(procfs.members(self.child.tree), candidates)[0]

    def listening_addresses(self) -> list[Address]:
        """Return the addresses at which the server listens; none where the system does not show that."""
        return listening.listening_addresses(procfs.members(self.child.tree)) if self.is_shown else []

    def threads_open_to(self, number: signal.Signals) -> list[int]:
        """Return the ids of the threads, other than the main thread, that the kernel may deliver a signal to."""
        return procfs.threads_open_to(self.child.pid, number)

    def without_handler(self, number: signal.Signals) -> list[int]:
        """Return the ids of the processes, children included, that are known to have no handler for a signal."""
        pids = procfs.members(self.child.tree) if self.is_shown else []
        return [pid for pid in pids if procfs.handles(pid, number) is False]

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group that the process leads, as a terminal does."""
        os.killpg(self.child.pid, number)

    def signal_thread(self, thread: int, number: signal.Signals) -> None:
        """Send a signal to one thread of the process."""
        thread_signal.signal_thread(self.child.pid, thread, number)

    def descriptor_count(self) -> int:
        """Return the number of open descriptors.

        Raises:
            Unavailable: This system does not show what a process uses, as for all methods below that return a number,
                or it does not show the descriptors of a process of another user.
        """
        count = procfs.descriptor_count(self._tree())
        if count is None:
            reason = "only that user and root may see the descriptors of a process"
            raise Unavailable(reason, subject="the resource usage of a process of another user")
        return count

    def living_count(self) -> int:
        """Return the number of processes that have not ended."""
        return procfs.living_count(self._tree())

    def task_count(self) -> int:
        """Return the number of threads and processes, zombies included."""
        return procfs.task_count(self._tree())

    def is_busy(self) -> bool:
        """Whether a thread runs or is ready to run; False where the system does not show it."""
        return self.is_shown and procfs.is_busy(self.child.tree)

    def is_stopped(self) -> bool:
        """Whether every thread is stopped by a signal; True where the system does not show it."""
        return not self.is_shown or procfs.is_stopped(self.child.tree)

    def resident_bytes(self) -> int:
        """Return the memory in use, in bytes."""
        return procfs.resident_bytes(self._tree())

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far, in seconds."""
        return procfs.cpu_ns(self._tree()) / 1e9

    def _tree(self) -> int:
        """Return the process whose descendants are the server.

        Raises:
            Unavailable: This system does not show what a process uses.
        """
        if not procfs.AVAILABLE:
            raise Unavailable("it takes Linux with a mounted /proc", subject="the resource usage of a process")
        if self._is_hidden:
            reason = "/proc is mounted so that it hides them"
            raise Unavailable(reason, subject="the resource usage of the processes of other users")
        return self.child.tree


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
        address = Address.parse(announcement.address) if isinstance(announcement, Ready) else None
        refusal = announcement.error if isinstance(announcement, Refused) else None
    else:
        child, address = _start_command(supervisor, launch, may_connect=may_connect)
        refusal = None
    if address is not None:
        return ServerProcess(child, address, launch)
    # A command that was not connected to has had no time yet to start and to notice that its address is taken.
    status = child.wait(timeouts.scaled(END_SECONDS if may_connect else READY_SECONDS))
    stderr = child.stderr()
    listens_at = listening.listening_addresses(procfs.members(child.tree)) if procfs.AVAILABLE else []
    child.close()
    if status == NO_PORT_STATUS and launch.target.kind is Kind.IMPLEMENTATION:
        raise NoPortLeft
    raise StartFailure(launch.target.text, status=status, stderr=stderr, refusal=refusal, listening=listens_at)


def _start_implementation(supervisor: Supervisor, launch: Launch) -> Child:
    order = Order(launch.target.text, launch.address, launch.settings)
    if launch.interpreter is None:
        # -P: a lesson's own selectors.py in the current directory must not replace the standard library's.
        program = [sys.executable, "-P", "-m", "upecho.serving.run"]
    else:
        program = launch.interpreter.command(supervisor.directory, SERVE)
    command = [*launch.prefix, *program, order.to_json()]
    return supervisor.start(command, launch.cores, descriptors=launch.descriptors)


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
    # It costs a millisecond to look for those that listen, and a tenth of that to find that there are none.
    earlier = listening.sockets(address) if may_connect and _accepts(address) else set()
    child = supervisor.start(command, launch.cores, descriptors=launch.descriptors, mute=True)
    return child, address if may_connect and _is_ready(child, address, earlier) else None


def _accepts(address: Address) -> bool:
    try:
        connecting.connect(address, timeouts.scaled(READY_SECONDS)).close()
    except AddressError:
        return False
    return True


def _is_ready(child: Child, address: Address, earlier: set[str]) -> bool:
    """Wait until a command accepts connections; return False if it ended or accepted none in time.

    Args:
        child: The command.
        address: Where it has to listen.
        earlier: Inodes of the sockets that listened there before it was started.
    """
    deadline = time.monotonic() + timeouts.scaled(READY_SECONDS)
    delegated = math.inf  # when a listener of another process begins to count
    while child.is_alive() and time.monotonic() < deadline:
        if _accepts(address):
            delegated = min(delegated, time.monotonic() + timeouts.scaled(DELEGATED_SECONDS))
            if _listens(child, address, earlier, delegated=time.monotonic() > delegated):
                return True
        time.sleep(POLL_INTERVAL_SECONDS)
    return False


def _listens(child: Child, address: Address, earlier: set[str], *, delegated: bool) -> bool:
    """Whether it is the command, or a process that descends from it, that accepts connections.

    Args:
        child: The command.
        address: Where it has to listen.
        earlier: Inodes of the sockets that listened there before it was started.
        delegated: Whether another process may listen for the command.
    """
    candidates = listening.candidates(address)
    if not candidates or listening.holders([child.pid], candidates)[0]:
        return True
    found, complete = listening.holders(procfs.members(child.tree), candidates)
    if found or (complete and not delegated):
        return bool(found)
    present = listening.sockets(address)
    return not present or not present <= earlier
