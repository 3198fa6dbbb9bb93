"""Carries out ``upecho locust``: as a master, alone or with workers on this machine, and as a worker."""

import sys
from dataclasses import dataclass
from pathlib import Path

from upecho.cli.console import console
from upecho.cli.signals import as_interrupts
from upecho.distributed.bridge import Bridge
from upecho.distributed.local import LocalWorkers
from upecho.distributed.master import Master
from upecho.distributed.run import DistributedRun
from upecho.distributed.worker import Worker
from upecho.load.plan import Failure, Plan
from upecho.net.address import Address, Family
from upecho.processes.supervisor import Supervisor
from upecho.report.distributed import lines
from upecho.serving.listener import listening
from upecho.serving.settings import DEFAULTS
from upecho.support import atomic_write
from upecho.support.errors import HarnessError, TargetError, UpechoError
from upecho.support.text import plural, printable

LOOPBACK = Address(Family.INET, "127.0.0.1")


def say(line: str) -> None:
    """Print a line about what happens to stderr."""
    sys.stderr.write(f"upecho: {printable(line)}\n")
    sys.stderr.flush()


@dataclass(frozen=True)
class Load:
    """What ``upecho locust`` was asked for.

    Attributes:
        server: Address of the server.
        plan: The whole load.
        master: Address to wait for workers at; None starts them on this machine.
        count: Number of workers.
        wait: Longest time to wait for them, in seconds.
        save: File to save the run to; None for none.
    """

    server: Address
    plan: Plan
    master: Address | None
    count: int
    wait: float
    save: Path | None


def distribute(load: Load) -> int:
    """Gather workers, load a server, save and report, also if that is interrupted; return the exit status."""
    stopped: BaseException | None = None
    with Supervisor() as supervisor, as_interrupts():
        address = free_address(load.master or LOOPBACK)
        with Bridge.master(supervisor, address) as bridge:
            head = _gathered(supervisor, bridge, address, load)
            try:
                head.load(str(load.server), load.plan)
            except (KeyboardInterrupt, UpechoError) as error:
                stopped = error
    run = head.run(str(load.server), load.plan)
    if run.present or not stopped:
        _save_and_report(run, load.save)
    if stopped:
        raise stopped
    return exit_status(run)


def _gathered(supervisor: Supervisor, bridge: Bridge, address: Address, load: Load) -> Master:
    """Return a master whose workers have come."""
    if load.master:
        say(f"waiting at {address} for {plural(load.count, 'worker')}, up to {load.wait:.3g} s")
        head = Master(bridge, count=load.count, say=say)
    else:
        workers = LocalWorkers.start(supervisor, address, load.count)
        head = Master(bridge, count=load.count, watch=workers.expect_alive)
    head.gather(load.wait)
    return head


def _save_and_report(run: DistributedRun, save: Path | None) -> None:
    """Save and report; if saving fails, the report is shown all the same."""
    try:
        if save:
            atomic_write.save(save, run.to_json())
    finally:
        terminal = console()
        for line in lines(run):
            terminal.print(line, soft_wrap=True, markup=False)


def take_part(master: Address, wait: float) -> int:
    """Take part in the load of a master, and return the exit status."""
    with Supervisor() as supervisor, as_interrupts():
        load = Worker(supervisor, master, say).work(wait)
    say(f"{plural(load.requests, 'verified request')}")
    return 0


def free_address(address: Address) -> Address:
    """Return an address that can be listened on, with a port that the system chose for port 0.

    Raises:
        AddressError: It is in use, not permitted, or not an address of this system.
        NoPortLeft: The system has no port left.
    """
    with listening(address, DEFAULTS) as listener:
        return Address.of(listener)


def exit_status(run: DistributedRun) -> int:
    """Return the exit status that says how a run ended."""
    failures = set(run.load.errors) - {Failure.NO_PORT} if run.load else set()
    if failures:
        return TargetError.exit_status
    lost = any(part.lost for part in run.parts)
    return HarnessError.exit_status if lost or not run.load or run.load.errors else 0
