"""Which servers of ``upecho bench`` run already, and how their processes are observed: --pid and --cgroup."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import click

from upecho.conformance.run.preconditions import expect_listeners
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.net.address import Family
from upecho.processes.running_server import (
    Observed,
    RunningServer,
    listening_sockets,
    name_of,
    others_listening,
    start_times,
)
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError

MAX_PID = 2**22  # PID_MAX_LIMIT in linux/threads.h

Command = TypeVar("Command", bound=Callable[..., object])


def options(command: Command) -> Command:
    """Add the options to a command."""
    pid = click.option(
        "--pid",
        "pids",
        multiple=True,
        type=click.IntRange(1, MAX_PID),
        metavar="PID",
        help="Add the CPU time and memory of this process and all its descendants to the figures of the address that "
        "it listens at; repeatable.",
    )
    group = click.option(
        "--cgroup",
        "groups",
        multiple=True,
        metavar="PATH",
        help="Like --pid, but for all processes of this control group, including those that end; repeatable.",
    )
    return pid(group(command))


def families(named: Sequence[Family], targets: Sequence[Target]) -> Sequence[Family]:
    """Return the families that the user named, or else those of the addresses among the targets, or else none.

    Raises:
        CallerError: An address is of none of the families that the user named.
    """
    addresses = [target for target in targets if target.kind is Kind.ADDRESS]
    for target in addresses:
        if named and target.families.isdisjoint(named):
            raise CallerError(f"{target.text} is of family {target.address().family}, not {' or '.join(named)}")
    return named or list(dict.fromkeys(target.address().family for target in addresses))


def with_running(cells: Sequence[PlannedCell], pids: Sequence[int], groups: Sequence[str]) -> list[PlannedCell]:
    """Return cells with the servers that run already.

    Args:
        cells: All cells of the run.
        pids: Processes that the user named.
        groups: Control groups that the user named.

    Raises:
        CallerError: Nothing listens at an address, or what the user named is no server at one of the addresses.
    """
    targets = dict.fromkeys(one.target for one in cells if one.target.kind is Kind.ADDRESS)
    if (pids or groups) and not targets:
        option = "--pid" if pids else "--cgroup"
        raise CallerError(f"{option} is for a server that runs already", hint="name its address as a target")
    expect_listeners(targets)
    servers = _servers(list(targets), dict.fromkeys(pids), dict.fromkeys(groups))
    return [replace(one, running=servers.get(one.cell.target)) for one in cells]


def _servers(
    targets: Sequence[Target], pids: Mapping[int, None], groups: Mapping[str, None]
) -> dict[str, RunningServer]:
    """Return the running server of each target."""
    named = [*map(Observed.process, pids), *map(Observed.control_group, groups)]
    sockets = {target.text: listening_sockets(target.address()) for target in targets} if named else {}
    found = {text: [one for one in named if one.listens(inodes)] for text, inodes in sockets.items()}
    for one in named:
        if not any(one in observed for observed in found.values()):
            raise _elsewhere(one, sockets)
    return {target.text: _server(target, found.get(target.text, []), sockets) for target in targets}


def _server(target: Target, observed: Sequence[Observed], sockets: Mapping[str, set[str]]) -> RunningServer:
    """Return a running server, with the processes that the user named as those of the server."""
    groups = [one.scope.group for one in observed if one.scope.group]
    pids = [pid for one in observed for pid in one.scope.roots]
    if len(groups) > 1 or (groups and pids):
        names = " and ".join(one.name for one in observed)
        raise CallerError(f"{names} listen at {target.text}", hint="name either processes or one control group")
    if observed:
        _expect_complete(target, observed, sockets[target.text])
    return RunningServer(target.address(), start_times(pids), *groups)


def _expect_complete(target: Target, observed: Sequence[Observed], inodes: set[str]) -> None:
    """Make sure that no other process may answer a part of the requests, whose CPU time would be missing."""
    members = [pid for one in observed for pid in one.scope.members()]
    if others := others_listening(inodes, members):
        raise CallerError(
            f"{_processes(others)} may accept connections to {target.text}, too",
            subject="not all processes of the server are observed",
            hint="name the process that all of them descend from, repeat --pid, or use --cgroup",
        )


def _elsewhere(one: Observed, sockets: Mapping[str, set[str]]) -> CallerError:
    """Return the error that no process of those that the user named listens at any of the addresses."""
    holders = others_listening(set().union(*sockets.values()), ())
    hint = f"{_processes(holders)} does" if holders else "the server seems to run on another machine or in a container"
    return CallerError(f"it does not listen at {' or '.join(sockets)}", subject=f"cannot observe {one.name}", hint=hint)


def _processes(pids: Sequence[int]) -> str:
    return " and ".join(f"process {pid} ({name_of(pid)})" for pid in pids)
