"""Servers as child processes: start one, wait until it is ready, observe it, stop it.

A server is ready when it says so or when a connection to it succeeds. An implementation of upecho announces its actual
address on stdout (``upecho.serving.announcement``), so it can choose its port itself. A command of the user announces
nothing: it has to be given a free address, and it is ready when it accepts a connection.
"""

import os
import signal
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Self

from upecho.net import connecting
from upecho.net.address import Address
from upecho.processes import procfs, thread_signal
from upecho.processes.ending import ended
from upecho.processes.interpreter import Interpreter
from upecho.processes.listeners import listening_addresses
from upecho.processes.supervisor import Child, Supervisor
from upecho.serving.announcement import Ready, Refused, decode
from upecho.serving.run import NO_PORT_STATUS, Order
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target
from upecho.support import timeouts
from upecho.support.errors import AddressError, CallerError, NoPortLeft, TargetError

READY_SECONDS = 10.0
STOP_SECONDS = 5.0  # in addition to the server's own grace
END_SECONDS = 2.0  # for a process that has nothing left to do
POLL_INTERVAL_SECONDS = 0.01  # between two attempts to connect
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
        """Send a signal to the process and its children, unless the process has ended."""
        if self.child.is_alive():
            os.killpg(self.child.pid, number)

    def listening_addresses(self) -> list[Address]:
        """Return the addresses at which the server listens; none where the system does not show that."""
        return listening_addresses(procfs.members(self.child.pid)) if procfs.AVAILABLE else []

    def handles(self, number: signal.Signals) -> bool | None:
        """Whether the process has a handler for a signal; None if that cannot be seen."""
        return procfs.handles(self.child.pid, number) if procfs.AVAILABLE else None

    def threads_open_to(self, number: signal.Signals) -> list[int]:
        """Return the ids of the threads, other than the main thread, that the kernel may deliver a signal to."""
        return procfs.threads_open_to(self.child.pid, number)

    def without_handler(self, number: signal.Signals) -> list[int]:
        """Return the ids of the processes, children included, that are known to have no handler for a signal."""
        pids = procfs.members(self.child.pid) if procfs.AVAILABLE else []
        return [pid for pid in pids if procfs.handles(pid, number) is False]

    def signal_thread(self, thread: int, number: signal.Signals) -> None:
        """Send a signal to one thread of the process."""
        thread_signal.signal_thread(self.child.pid, thread, number)

    def descriptor_count(self) -> int:
        """Return the number of open descriptors."""
        return procfs.descriptor_count(self.child.pid)

    def living_count(self) -> int:
        """Return the number of processes that have not ended."""
        return procfs.living_count(self.child.pid)

    def task_count(self) -> int:
        """Return the number of threads and processes, zombies included."""
        return procfs.task_count(self.child.pid)

    def is_busy(self) -> bool:
        """Whether a thread runs or is ready to run; False where the system does not show it."""
        return procfs.AVAILABLE and procfs.is_busy(self.child.pid)

    def is_stopped(self) -> bool:
        """Whether every thread is stopped by a signal; True where the system does not show it."""
        return not procfs.AVAILABLE or procfs.is_stopped(self.child.pid)

    def resident_bytes(self) -> int:
        """Return the memory in use, in bytes."""
        return procfs.resident_bytes(self.child.pid)

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far, in seconds."""
        return procfs.cpu_ns(self.child.pid) / 1e9


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
        command = [*launch.prefix, *launch.target.command(launch.address)]
        child = supervisor.start(command, launch.cores, descriptors=launch.descriptors, mute=True)
        address = _wait_for_connection(child, launch.address) if may_connect else None
        refusal = None
    if address is not None:
        return ServerProcess(child, address, launch)
    # A command that was not connected to has had no time yet to start and to notice that its address is taken.
    status = child.wait(timeouts.scaled(END_SECONDS if may_connect else READY_SECONDS))
    stderr = child.stderr()
    listening = listening_addresses(procfs.members(child.pid)) if procfs.AVAILABLE else []
    child.close()
    if status == NO_PORT_STATUS and launch.target.kind is Kind.IMPLEMENTATION:
        raise NoPortLeft
    raise StartFailure(launch.target.text, status=status, stderr=stderr, refusal=refusal, listening=listening)


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


def _wait_for_connection(child: Child, text: str) -> Address | None:
    """Connect to a command until it accepts; return its address, or None if it ended or accepted no connection."""
    try:
        address = Address.parse(text)
    except AddressError:  # a check passes an address that no system accepts
        return None
    deadline = time.monotonic() + timeouts.scaled(READY_SECONDS)
    while child.is_alive() and time.monotonic() < deadline:
        try:
            connecting.connect(address, timeouts.scaled(READY_SECONDS)).close()
        except AddressError:
            time.sleep(POLL_INTERVAL_SECONDS)
        else:
            return address
    return None
