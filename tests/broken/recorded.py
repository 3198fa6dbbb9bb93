"""What each server of the kill matrix was seen to fail, as kept in ``recorded.json``.

The file maps each row to the ids of the checks that the server failed, one on each line and in the order of the suite.
A change of the suite therefore appears as a short difference.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from upecho.conformance.catalogue import by_id
from upecho.support import atomic_write, decoding

FILE = Path(__file__).parent / "recorded.json"


@dataclass(frozen=True)
class Failures:
    """The checks that a server fails.

    Attributes:
        always: Ids of the checks that failed in every run.
        sometimes: Ids of the checks that failed in some runs only, because a race decides.
    """

    always: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()

    @classmethod
    def seen_in(cls, runs: Sequence[Collection[str]]) -> Self:
        """Return the failures seen in several runs, given the ids that failed in each."""
        always = set(runs[0]).intersection(*runs)
        sometimes = set(runs[0]).union(*runs) - always
        return cls(in_order(always), in_order(sometimes))

    def with_more(self, runs: Sequence[Collection[str]]) -> "Failures":
        """Return these failures together with those of more runs."""
        return Failures.seen_in([self.always, self.always + self.sometimes, *runs])


def in_order(ids: Collection[str]) -> tuple[str, ...]:
    """Return ids of checks in the order of the suite, without those of checks that no longer exist."""
    return tuple(check for check in by_id() if check in ids)


def read() -> dict[str, Failures]:
    """Return the recorded failures by the name of the row."""
    return {row: decoding.build(Failures, value) for row, value in json.loads(FILE.read_text()).items()}


def write(recorded: Mapping[str, Failures]) -> None:
    """Replace the recorded failures."""
    atomic_write.save(FILE, json.dumps({row: asdict(failures) for row, failures in recorded.items()}, indent=1) + "\n")
