"""A server that someone else has started: which processes on this machine are it, as far as the user says so.

Theory of operation
    Only the user knows which processes belong to a server that already runs. What the user says is verified, because
    a wrong process would lead to a wrong cost without any other sign: a process or a control group has to contain one
    that listens at the address of the server, and no process outside may listen there too. The first process of the
    system may, since it opens sockets for the services that it starts.

    Nothing here signals or changes a process.
"""

import os
import pwd
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from upecho.net import connecting
from upecho.net.address import Address, Family
from upecho.processes.linux import control_group, listening, process_tree, procfs
from upecho.processes.linux.scope import Scope
from upecho.support import timeouts
from upecho.support.errors import CallerError, UpechoError

START_FIELD = 19  # position of starttime in a stat line, counted from "state": proc(5)
CONNECT_SECONDS = 5.0
CREDENTIALS = struct.Struct("iII")  # struct ucred: the ids of the process, the user and the group
INIT = "systemd"  # the process that listens for the services which it starts on demand


@dataclass(frozen=True)
class RunningServer:
    """A server that already runs.

    Attributes:
        address: Where it listens.
        roots: Start time of each process that the user named, in clock ticks since the start of the system, by
            process id.
        group: Directory of the control group that the user named; empty if there is none.
    """

    address: Address
    roots: tuple[tuple[int, int], ...] = ()
    group: str = ""

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the processes that the user named."""
        return tuple(pid for pid, _ in self.roots)

    @property
    def scope(self) -> Scope | None:
        """The processes of the server; None if the user named none."""
        return Scope(self.pids, self.group) if self.roots or self.group else None

    def ended(self) -> list[int]:
        """Return those of the processes that the user named which do not run any more."""
        return [pid for pid, started in self.roots if _start_time(pid) != started]

    def accepts(self) -> bool:
        """Whether a connection to the server succeeds."""
        try:
            connecting.connect(self.address, timeouts.scaled(CONNECT_SECONDS)).close()
        except UpechoError:
            return False
        return True


@dataclass(frozen=True)
class Observed:
    """Processes that are to be observed as a part of a server.

    Attributes:
        name: What the user wrote, as the beginning of a sentence, such as ``process 17``.
        scope: The processes.
    """

    name: str
    scope: Scope

    @classmethod
    def process(cls, pid: int) -> "Observed":
        """Return a process with everything that descends from it.

        Raises:
            CallerError: There is no such process, or it cannot be observed.
        """
        procfs.expect_available(f"an observation of process {pid}")
        if _start_time(pid) is None:
            raise CallerError(f"there is no process {pid}")
        found = cls(f"process {pid}", Scope((pid,)))
        found.expect_observable()
        return found

    @classmethod
    def control_group(cls, path: str) -> "Observed":
        """Return the processes of a control group.

        Raises:
            CallerError: There is no such group, or it cannot be observed.
        """
        procfs.expect_available(f"an observation of control group {path}")
        directory = control_group.find(path)
        if directory is None:
            hint = f"name a directory below {control_group.ROOT} that has {control_group.VERSION_2} or "
            raise CallerError(
                repr(path), subject="not a control group that counts CPU time", hint=hint + control_group.VERSION_1
            )
        found = cls(f"control group {path}", Scope(group=str(directory)))
        found.expect_observable()
        return found

    def expect_observable(self) -> None:
        """Make sure that the load engine is no part of it, and that its open sockets can be seen.

        Raises:
            CallerError: One of this does not hold.
        """
        members = self.scope.members()
        subject = f"cannot observe {self.name}"
        if os.getpid() in members:
            raise CallerError("upecho is a part of it, so its load engine would count as the server", subject=subject)
        _, complete = listening.holders(members, ())
        if not complete:
            users = sorted({_owner(pid) for pid in members} - {_user_name(os.geteuid()), ""})
            hint = f"run upecho as {' or as '.join([*users, 'root'])}"
            raise CallerError("only its user and root may see what it has open", subject=subject, hint=hint)

    def listens(self, inodes: set[str]) -> bool:
        """Whether one of its processes has one of some sockets open."""
        return bool(listening.holders(self.scope.members(), inodes)[0])


def start_times(pids: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return the start time of each process that runs, in clock ticks since the start of the system, by its id."""
    return tuple((pid, started) for pid in pids if (started := _start_time(pid)) is not None)


def listening_sockets(address: Address) -> set[str]:
    """Return the inodes of the sockets of this machine that accept connections to an address.

    The path of a Unix socket may have another name than the one that was bound, and a relative path may be that of a
    server in another directory. Then the sockets count at which the process listens that the kernel names at the other
    end of a connection: SO_PEERCRED in unix(7). That is the one that has called listen(), which may have ended, as in a
    daemon.
    """
    found = listening.sockets(address)
    is_relative = address.family is Family.UNIX and not Path(address.path).is_absolute()
    if (found and not is_relative) or not address.family.is_unix or sys.platform != "linux":
        return found
    with connecting.connect(address, timeouts.scaled(CONNECT_SECONDS)) as connection:
        pid, _, _ = CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    return listening.open_sockets(pid) & (found or listening.candidates(address)) or found


def others_listening(inodes: set[str], members: Iterable[int]) -> list[int]:
    """Return the ids of the processes that have one of some sockets open and are not among the given ones."""
    everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    holders, _ = listening.holders(everyone, inodes)
    return [pid for pid in holders if pid not in set(members) and pid != 1 and name_of(pid) != INIT]


def name_of(pid: int) -> str:
    """Return the name of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def _start_time(pid: int) -> int | None:
    """Return the start time of a process; None if there is none with this id. The id of a thread is none."""
    stats = process_tree.below([pid])
    for stat in (stats.processes | stats.guardians).values():
        return int(stat[START_FIELD])
    return None


def _owner(pid: int) -> str:
    try:
        return _user_name(Path(f"/proc/{pid}").stat().st_uid)
    except OSError:
        return ""


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
