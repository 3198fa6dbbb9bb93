"""The trial, which is the unit of statistics: one fresh server process, warmed up and loaded once."""

import enum
from dataclasses import dataclass, field

from upecho.load.plan import LoadResult
from upecho.measure.plan.cells import Cell
from upecho.measure.statistics.plausibility import Void
from upecho.measure.throttling import Throttling
from upecho.processes.linux.system_calls import Method
from upecho.support.decoding import ADDED_LATER


class Fault(enum.StrEnum):
    """What a server did wrong in a trial."""

    NOT_READY = "not-ready"
    REQUESTS_FAILED = "requests-failed"
    PROCESS_ENDED = "process-ended"
    ERROR_ON_STDERR = "error-on-stderr"


@dataclass(frozen=True)
class Finding:
    """Something that a server did wrong in a trial.

    Attributes:
        fault: Kind of fault, for programs.
        detail: What was seen, for people.
    """

    fault: Fault
    detail: str


@dataclass(frozen=True)
class SystemCalls:
    """System calls of a server, counted in a load of its own, because counting slows down the server.

    Attributes:
        count: Number of system calls.
        requests: Number of verified replies in the same time.
        method: How they were counted.
    """

    count: int
    requests: int
    method: Method


@dataclass(frozen=True)
class Count:
    """The instructions of a server, as the difference between two loads of different length.

    Attributes:
        instructions: Number of instructions executed in user mode.
        requests: Number of requests that they were executed for.
        repeated: The same difference if another fresh server with the same memory layout takes the longer load; null
            if that was not done. It is the same number unless the server is not deterministic.
    """

    instructions: int
    requests: int
    repeated: int | None = None

    @property
    def variation(self) -> float | None:
        """How far the repetition differs, as a share; None without one."""
        return None if self.repeated is None else abs(self.repeated - self.instructions) / self.instructions


@dataclass(frozen=True)
class Trial:
    """The outcome of one trial.

    Attributes:
        cell: Cell that was measured.
        round: Number of the round, counted from 1.
        load: Result of the load engine for the window; null if the trial did not get that far.
        findings: What the server did wrong; the trial is a measurement only if this is empty.
        void: Why the trial is no measurement although the server did nothing wrong; null if it is one.
        disturbances: What else the machine did during the trial, as short phrases. A disturbed trial still counts.
        resident_bytes: Resident memory of the server before its first connection, in bytes; null if the system does
            not report it.
        capacity: Requests per second in a closed loop, measured just before a load that is a share of it; null for
            other loads.
        throttling: How a CPU quota stopped the engine and the server during the trial; null if no quota was in force,
            or if the system does not report it.
        shares_core: Whether the server ran already and could run on the core of the load engine. Being woken costs
            less there, so its CPU time cannot be compared with that of a server that is kept away from that core.
        system_calls: System calls, counted after the load; null if they were not counted, or if that failed.
        count: Instructions of the server; null in a run that measures time. In a run that counts, the load is the
            longer one, and its times mean nothing, because counting may slow down a server.
    """

    cell: Cell
    round: int
    load: LoadResult | None
    findings: tuple[Finding, ...] = ()
    void: Void | None = None
    disturbances: tuple[str, ...] = ()
    resident_bytes: int | None = None
    capacity: float | None = None
    throttling: Throttling | None = None
    shares_core: bool = field(default=False, metadata={ADDED_LATER: True})
    system_calls: SystemCalls | None = field(default=None, metadata={ADDED_LATER: True})
    count: Count | None = field(default=None, metadata={ADDED_LATER: True})

    @property
    def failure(self) -> str:
        """What the server did wrong, in words; empty if it did nothing wrong."""
        return ", ".join(finding.detail for finding in self.findings)

    @property
    def was_throttled(self) -> bool:
        """Whether a CPU quota stopped the engine or the server."""
        return self.throttling is not None and self.throttling.happened

    @property
    def is_valid(self) -> bool:
        """Whether the trial is a measurement."""
        return self.load is not None and not self.findings and self.void is None

    def contradiction(self) -> str:
        """Return what no real trial can contain; empty if there is no such thing."""
        if self.findings or self.void:
            return ""
        if not self.load:
            return "has neither a load nor a finding"
        if self.count and (self.count.instructions <= 0 or self.count.requests <= 0):
            return "counts no instructions, or no requests"
        used_ns = self.load.server_cpu_ns
        is_empty = self.load.requests <= 0 or self.load.elapsed_ns <= 0 or (used_ns is not None and used_ns <= 0)
        return "has requests without time, or time without requests" if is_empty else ""
