"""``python -m tests.right.repeat [N]``: check all correct servers N times, and print each verdict that accuses one.

The servers are those of this package and the built-in ones, over inet and unix. A verdict is printed with its
explanation if it is neither ``passed`` nor ``unsupported``, or if it differs from the first run. The exit status is 1
if there was one. With ``--busy``, processes that only compute keep all cores busy meanwhile.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.built_in import CORRECT, serves
from tests.right.servers import BOTH, SERVERS
from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.selection import Pair
from upecho.conformance.run.verdicts.outcome import Identity, Outcome, Verdict
from upecho.serving.target import Target
from upecho.support.errors import HarnessError

RIGHT = (Verdict.PASSED, Verdict.UNSUPPORTED)
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"  # it ends even if this process is killed


@dataclass
class Comparison:
    """The verdicts of all runs.

    Attributes:
        names: The servers with the names that are printed.
        first: The first verdict about each server and check.
        accusations: Number of verdicts that accuse a correct server or differ from the first one, and of runs that
            could not be completed.
    """

    names: dict[Pair, str]
    first: dict[Identity, Verdict] = field(default_factory=dict)
    accusations: int = 0

    def run(self, jobs: int | None) -> None:
        """Check all servers once."""
        try:
            for outcome in Runner(list(self.names), catalogue(), jobs=jobs).outcomes():
                self._compare(outcome)
        except HarnessError as error:
            self._accuse(f"the run ended early: {error}")

    def _compare(self, outcome: Outcome) -> None:
        first = self.first.setdefault(outcome.identity, outcome.verdict)
        if outcome.verdict not in RIGHT or outcome.verdict is not first:
            name = next(one for pair, one in self.names.items() if _is_about(outcome, pair))
            why = [reason(outcome)] if reason(outcome) else []
            why += [f"in an earlier run {first}"] if first is not outcome.verdict else []
            self._accuse(f"{name} over {outcome.family}: {outcome.check} {outcome.verdict}, {'; '.join(why)}")

    def _accuse(self, line: str) -> None:
        self.accusations += 1
        print(line, flush=True)


def main() -> None:
    """Run the suite N times, and exit with status 1 if a server was accused or a verdict changed."""
    options = _options()
    comparison = Comparison(_servers(options.names))
    with _busy_cores() if options.busy else contextlib.nullcontext():
        for number in range(options.runs):
            began = time.monotonic()
            comparison.run(options.jobs)
            seconds = time.monotonic() - began
            print(f"run {number + 1} of {options.runs}: {seconds:.0f} s, {len(comparison.first)} verdicts", flush=True)
    sys.exit(f"{comparison.accusations} verdicts accuse a correct server or differ" if comparison.accusations else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.right.repeat", description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=1, metavar="N", help="number of runs (default: 1)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="servers (default: all)")
    parser.add_argument("--busy", action="store_true", help="keep all cores busy meanwhile")
    parser.add_argument("--jobs", type=int, help="workers that run at the same time (default: four per core)")
    return parser.parse_args()


def _servers(wanted: Sequence[str]) -> dict[Pair, str]:
    """Return the servers to check, and report those that cannot run here."""
    servers: dict[Pair, str] = {}
    for right in SERVERS:
        if right.missing and right.name in (wanted or [right.name]):
            print(f"{right.name} is left out: {right.missing}")
        elif right.name in (wanted or [right.name]):
            servers |= {(Target.parse(right.target), family): right.name for family in right.families}
    for name in CORRECT:
        if name in (wanted or [name]):
            servers |= {(Target.parse(name), family): name for family in BOTH if serves(name, family)}
    if not servers:
        sys.exit(f"no server named {' or '.join(wanted)}")
    return servers


def reason(outcome: Outcome) -> str:
    """Return what led to a verdict, in one line; empty if there is nothing to say."""
    if outcome.explanation:
        cause = f"{outcome.cause}: " if outcome.cause else ""
        return f"{cause}expected {outcome.explanation.expected}, saw {outcome.explanation.seen}"
    return outcome.fault.message if outcome.fault else outcome.unsupported


def _is_about(outcome: Outcome, pair: Pair) -> bool:
    target, family = pair
    return (outcome.target, outcome.family) == (target.text, family)


@contextlib.contextmanager
def _busy_cores() -> Iterator[None]:
    """Run a process that only computes on each core."""
    with contextlib.ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUSY, str(os.getpid())]))
            stack.callback(process.kill)
        yield


if __name__ == "__main__":
    main()
