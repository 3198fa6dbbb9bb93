"""``python -m tests.broken.record [NAME…]``: record what the servers of the kill matrix fail.

It runs the whole suite on each server several times, replaces ``recorded.json`` and ``docs/checks.md``, and prints each
difference from the previous record. Each new failure has to be reviewed: either the defect explains it, or the suite
accuses a server of something that it does not do. Run the command after a check or a broken server has changed, and
commit the difference.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.broken import page, recorded
from tests.broken.kills import KILLS, Kill
from tests.broken.recorded import Failures
from tests.broken.suite import CAN_FAIL, outcomes
from upecho.conformance.run.outcome import Verdict
from upecho.support.text import plural

Runs = Mapping[Kill, Sequence[set[str]]]  # the ids of the checks that failed, for each server and run


def main() -> None:
    """Run the suite, write both files and print what has changed."""
    options = _options()
    kills = [kill for kill in KILLS if not options.names or kill.name.startswith(tuple(options.names))]
    if not kills:
        sys.exit(f"no row of the kill matrix begins with {' or '.join(options.names)}")
    runs = _failures(kills, options.runs, options.jobs)
    before = recorded.read()
    new = {str(kill): _combined(kill, runs, before, add=options.add) for kill in kills}
    recorded.write({str(kill): {**before, **new}[str(kill)] for kill in KILLS if str(kill) in before | new})
    Path("docs/checks.md").write_text(page.page())
    print("\n".join(_changes(before, new)) or "nothing has changed")
    missed = [f"{kill} passed {check}" for kill in kills for check in kill.caught_by - {*new[str(kill)].always}]
    sys.exit("\n".join(f"a check that must catch a server did not: {one}" for one in sorted(missed)) or 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.broken.record", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="server, or beginning of its name (default: all)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each server (default: %(default)s)")
    parser.add_argument("--jobs", type=int, help="workers that run at the same time (default: two per core)")
    parser.add_argument("--add", action="store_true", help="combine the runs with what is recorded already")
    return parser.parse_args()


def _failures(kills: Sequence[Kill], runs: int, jobs: int | None) -> Runs:
    """Run the suite, and return which checks each server failed in each run."""
    failures: dict[Kill, list[set[str]]] = defaultdict(list)
    for number in range(runs):
        for kill in kills:
            failures[kill].append(set())
        for kill, outcome in outcomes(kills, CAN_FAIL, jobs=jobs):
            if outcome.verdict is Verdict.ERROR:
                sys.exit(f"{kill}: upecho could not carry out {outcome.check}: {outcome.fault}")
            if outcome.verdict is Verdict.FAILED:
                failures[kill][number].add(outcome.check)
        total = sum(len(failures[kill][number]) for kill in kills)
        print(
            f"run {number + 1} of {runs}: {plural(len(kills), 'server')}, {plural(total, 'failed check')}", flush=True
        )
    return failures


def _combined(kill: Kill, runs: Runs, before: Mapping[str, Failures], *, add: bool) -> Failures:
    known = before.get(str(kill)) if add else None
    return known.with_more(runs[kill]) if known else Failures.seen_in(runs[kill])


def _changes(before: Mapping[str, Failures], now: Mapping[str, Failures]) -> Iterator[str]:
    """Yield each difference from the previous record as a line."""
    for row, failures in now.items():
        old, new = _descriptions(before.get(row, Failures())), _descriptions(failures)
        for check in recorded.in_order(old.keys() | new.keys()):
            if old.get(check) != new.get(check):
                yield f"{row}: {new.get(check, 'never')} fails {check} (recorded: {old.get(check, 'never')})"


def _descriptions(failures: Failures) -> dict[str, str]:
    return dict.fromkeys(failures.always, "always") | dict.fromkeys(failures.sometimes, "sometimes")


if __name__ == "__main__":
    main()
