"""A worker of a load from several machines: waits for its part of the load, carries it out, and delivers the result."""

import os
import platform
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from upecho import __version__
from upecho.distributed.bridge import Bridge
from upecho.distributed.master import TICK_SECONDS, TRANSFER_SECONDS
from upecho.distributed.messages import PROTOCOL, Done, Failed, Hello, Message, Order, Refused, Result, Welcome, decoded
from upecho.distributed.silence import SILENCE_SECONDS, WakingClock
from upecho.load.engine import best
from upecho.load.engine_process import EngineProcess
from upecho.load.plan import LoadResult
from upecho.net.address import Address
from upecho.processes import rlimits
from upecho.processes.supervisor import Supervisor
from upecho.support import timeouts
from upecho.support.errors import AddressError, CallerError, HarnessError, UpechoError
from upecho.support.text import plural

POLL_SECONDS = 0.02  # between two looks whether the engine has ended

Kind = TypeVar("Kind", bound=Message)


def introduction() -> Hello:
    """Return how this process introduces itself."""
    return Hello(
        protocol=PROTOCOL,
        upecho=__version__,
        host=socket.gethostname(),
        pid=os.getpid(),
        engines=tuple(dict.fromkeys((best(), "python"))),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


class Worker:
    """Takes part in one load."""

    def __init__(self, supervisor: Supervisor, address: Address, say: Callable[[str], None]) -> None:
        """Start an engine, and Locust.

        Args:
            supervisor: Supervisor of both.
            address: Address of the master.
            say: Called with each line about what the worker does.

        Raises:
            AddressError: The host of the master is unknown.
        """
        rlimits.raise_limit()  # the engine inherits it
        self._master = f"the master at {address}"
        self._say = say
        self._engine = EngineProcess(supervisor)
        self._bridge = Bridge.worker(supervisor, address, introduction())
        self._clock = WakingClock()
        self._heard: float | None = None  # by this clock, when the master was last heard of

    def work(self, seconds: float) -> LoadResult:
        """Do one part of a load.

        Args:
            seconds: Longest time to wait for the master.

        Returns:
            What the engine measured.

        Raises:
            AddressError: No master of upecho answered.
            CallerError: The master refused this worker.
            HarnessError: The master or the engine was lost.
        """
        with self._bridge:
            try:
                order = self._order(seconds)
                load = self._load(order)
                self._bridge.send(Result(load))
                self._expect(Done, timeouts.scaled(TRANSFER_SECONDS), "acknowledged the result")
            except (UpechoError, KeyboardInterrupt) as error:
                if not isinstance(error, Refusal):
                    self._bridge.send(Failed(str(error) or "interrupted"))
                raise
        return load

    def _order(self, seconds: float) -> Order:
        try:
            welcome = self._expect(Welcome, seconds, "answered")
        except Silence:
            reason = f"no master of upecho has answered within {seconds:.3g} s"
            raise AddressError(reason, subject=self._master) from None
        self._say(f"{self._master} has accepted this worker")
        return self._expect(Order, welcome.seconds + timeouts.scaled(TRANSFER_SECONDS), "sent an order")

    def _load(self, order: Order) -> LoadResult:
        """Carry out the order, and watch the master meanwhile."""
        self._say(f"{plural(order.job.plan.connections, 'connection')} to {order.job.address}")
        deadline = time.monotonic() + self._engine.start(order.job)
        while (load := self._engine.result(POLL_SECONDS)) is None:
            self._message(0)
            if time.monotonic() > deadline:
                raise HarnessError("it returned no result in time", subject="the load engine")
        return load

    def _expect(self, kind: type[Kind], seconds: float, predicate: str) -> Kind:
        """Return the next message of a kind; raise Silence, with what the master has not done, if it does not come."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            if isinstance(message := self._message(min(TICK_SECONDS, remaining)), kind):
                return message
        raise Silence(f"it has not {predicate} within {seconds:.3g} s", subject=self._master)

    def _message(self, timeout: float) -> Message | None:
        """Return the next message, if one comes in time; watch meanwhile whether the master is lost or says no."""
        event, now = self._bridge.receive(timeout), self._clock.now()
        if event is None:
            self._expect_heartbeats(now)
            return None
        self._heard = now
        if event.kind == "end":
            raise HarnessError("it has ended the load", subject=self._master)
        message = self._decoded(event.data) if event.kind == "message" else None
        if isinstance(message, Refused):
            raise Refusal(f"this worker {message.reason}", subject=f"{self._master} refuses it")
        return message

    def _decoded(self, data: object) -> Message:
        try:
            return decoded(data)
        except ValueError as error:
            raise HarnessError(str(error), subject=f"{self._master} is not understood") from None

    def _expect_heartbeats(self, now: float) -> None:
        seconds = timeouts.scaled(SILENCE_SECONDS)
        if self._heard and now - self._heard > seconds:
            raise HarnessError(f"not heard of for {seconds:.3g} s", subject=f"{self._master} is lost")


class Silence(HarnessError):
    """The master has not said in time what it has to say."""


class Refusal(CallerError):
    """The master does not accept this worker."""
