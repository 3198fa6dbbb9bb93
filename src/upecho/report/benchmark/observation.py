"""What it means for a report that servers ran already, and how they were observed."""

from collections.abc import Iterator

from upecho.measure.results import Results, Running
from upecho.measure.statistics.changes import Changes
from upecho.measure.statistics.summary import Status, Summary


def running(results: Results) -> dict[str, Running]:
    """Return how the servers of a run were observed that ran already, by target."""
    return {one.cell.target: one.running for one in results.requested if one.running}


def remarks(summary: Summary) -> Iterator[str]:
    """Yield what the trials of servers that ran already do not show, and which of them were not observed."""
    measured = {row.cell.target for row in summary.rows if row.figures or row.status is Status.NOT_COMPARABLE}
    servers = {target: one for target, one in running(summary.results).items() if target in measured}
    if measured - servers.keys() and not (knows_use(summary.results) or summary.results.counting):
        yield "CPU time, memory and context switches of servers are unknown: this system does not show them."
    if not servers:
        return
    yield (
        f"{', '.join(servers)} ran already, so that all trials are of the same process, and none of a fresh one. "
        "Intervals and A/A do not include how much processes of the same server differ, such as in memory layout and "
        "age, and upecho has not chosen the processor cores."
    )
    for target, one in servers.items():
        yield f"{target}: {observed(one)}"
    yield from _shared_cores(summary.results)


def knows_use(results: Results) -> bool:
    """Whether a trial tells what its server has used."""
    return any(trial.load and trial.load.server for trial in results.trials)


def _shared_cores(results: Results) -> Iterator[str]:
    """Yield which servers could run on the core of the load engine, and how to prevent that."""
    cores = results.environment.cores
    for target in dict.fromkeys(trial.cell.target for trial in results.trials if trial.shares_core):
        yield (
            f"{target} may run on the core of the load engine, where being woken costs less, so that its CPU time is "
            "not compared with that of servers which upecho starts. To prevent that, move every process of it: "
            f"taskset -acp {','.join(map(str, cores.servers))} PID"
        )


def cautions(found: Changes) -> Iterator[str]:
    """Yield what the comparison of two runs includes if their servers ran already."""
    compared = {one.cell.target for one in found.cells}
    names = [target for summary in found.summaries.values() for target in running(summary.results)]
    if servers := [target for target in dict.fromkeys(names) if target in compared]:
        yield (
            f"{', '.join(servers)} ran already: each run is of one process, so that the ratio includes how much two "
            "processes of the same server differ, which A/A does not show."
        )


def observed(one: Running) -> str:
    """Return whose CPU time counts for a server that ran already."""
    if one.group:
        return f"CPU time of the control group {one.group}"
    if one.pids:
        return f"CPU time of process {', '.join(map(str, one.pids))} and all descendants"
    return "CPU time unknown, because neither --pid nor --cgroup was given"


def freshness(results: Results) -> str:
    """Return which processes the trials of a run were of, as a part of a sentence."""
    fresh = any(not one.running for one in results.requested)
    there = running(results)
    if not there:
        return "in fresh server processes"
    return "in fresh server processes, except of servers that ran already" if fresh else "on servers that ran already"
