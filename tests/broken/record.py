"""``python -m tests.broken.record [NAME…]``: record what the servers of the kill matrix fail.

It runs the whole suite on each server several times, replaces ``recorded.json`` and ``docs/checks.md``, and prints each
difference from the previous record. Each new failure has to be reviewed: either the defect explains it, or the suite
accuses a server of something that it does not do. Run the command after a check or a broken server has changed, and
commit the difference. What is recorded for a server is kept if the command is interrupted later.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.broken import page, recorded
from tests.broken.kills import KILLS, Kill
from tests.broken.recorded import Failures
from tests.broken.suite import CAN_FAIL, outcomes
from upecho.conformance.run.verdicts.outcome import Verdict

PAGE = Path("docs/checks.md")


def main() -> None:
    """Record each server, print what has changed, and exit with status 1 if a server was not caught."""
    options = _options()
    kills = [kill for kill in KILLS if not options.names or kill.name.startswith(tuple(options.names))]
    if not kills:
        sys.exit(f"no row of the kill matrix begins with {' or '.join(options.names)}")
    missed = [line for kill in kills for line in _record(kill, options)]
    PAGE.write_text(page.page())
    sys.exit("\n".join(missed) or 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.broken.record", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="server, or beginning of its name (default: all)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each server (default: %(default)s)")
    parser.add_argument("--jobs", type=int, help="workers that run at the same time (default: four per core)")
    parser.add_argument("--add", action="store_true", help="combine the runs with what is recorded already")
    return parser.parse_args()


def _record(kill: Kill, options: argparse.Namespace) -> list[str]:
    """Record one server, and return a line for each check that must catch it and did not."""
    runs = [_failed(kill, options.jobs) for _ in range(options.runs)]
    rows = recorded.read()
    before = rows.get(str(kill), Failures())
    now = before.with_more(runs) if options.add and str(kill) in rows else Failures.seen_in(runs)
    rows[str(kill)] = now
    recorded.write({str(one): rows[str(one)] for one in KILLS if str(one) in rows})
    print(f"{kill}: {len(now.always)} always, {len(now.sometimes)} sometimes", *_changes(before, now), sep="\n    ")
    return [f"{kill} does not always fail {check}, which must catch it" for check in kill.caught_by - {*now.always}]


def _failed(kill: Kill, jobs: int | None) -> set[str]:
    """Run the suite once, and return the ids of the checks that failed."""
    seen = outcomes(kill, CAN_FAIL, jobs=jobs)
    for outcome in seen:
        if outcome.verdict is Verdict.ERROR:
            sys.exit(f"{kill}: upecho could not carry out {outcome.check}: {outcome.fault}")
    return {outcome.check for outcome in seen if outcome.verdict is Verdict.FAILED}


def _changes(before: Failures, now: Failures) -> Iterator[str]:
    """Yield each difference from the previous record as a line."""
    old, new = _descriptions(before), _descriptions(now)
    for check in recorded.in_order(old.keys() | new.keys()):
        if old.get(check) != new.get(check):
            yield f"{check}: fails {new.get(check, 'never')}, recorded until now: {old.get(check, 'never')}"


def _descriptions(failures: Failures) -> dict[str, str]:
    return dict.fromkeys(failures.always, "always") | dict.fromkeys(failures.sometimes, "sometimes")


if __name__ == "__main__":
    main()
