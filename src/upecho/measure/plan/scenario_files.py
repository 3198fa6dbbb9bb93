"""Scenarios that users define: a TOML file with a table for each.

::

    [chat]
    connections = 200
    message_size = 256

A table may also have ``depth``, ``idle`` and ``churn``. The keys are attributes of ``scenarios.Scenario``.
"""

from pathlib import Path
from typing import Any

from upecho.measure.plan.scenarios import ALL, MIB, SCENARIOS, SUMMARIES, Scenario
from upecho.support import toml_file
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

LIMITS = {
    "connections": (1, 100_000),
    "message_size": (1, 64 * MIB),
    "depth": (1, 1024),
    "idle": (0, 100_000),
}
FLAGS = ("churn",)
REQUIRED = ("connections", "message_size")
TAKEN = {ALL, *SUMMARIES, *(scenario.name for scenario in SCENARIOS)}
MAX_BYTES_IN_FLIGHT = 1024 * MIB  # a server that keeps up can answer this much before the deadline


def read_scenarios(path: Path) -> list[Scenario]:
    """Read the scenarios of a file, in the order of the file.

    Raises:
        CallerError: The file cannot be read, or contains something that is not a scenario; the message says where.
    """
    tables = toml_file.read(path)
    if not tables:
        raise CallerError("it has no scenarios", subject=str(path), hint="add a table such as [chat]")
    return [_scenario(f"{path}: [{name}]", name, table) for name, table in tables.items()]


def _scenario(where: str, name: str, table: Any) -> Scenario:
    if not isinstance(table, dict):
        raise CallerError("not a table", subject=where, hint=f"a scenario is a table with {' and '.join(REQUIRED)}")
    if not name.replace("-", "").replace("_", "").isalnum():
        raise CallerError("the name of a scenario may have letters, digits, - and _ only", subject=where)
    if name in TAKEN:
        raise CallerError("upecho has a scenario of this name", subject=where, hint="choose another name")
    for key in REQUIRED:
        if key not in table:
            raise CallerError(f"it has no {key}", subject=where)
    for key, value in table.items():
        _expect_valid(where, key, value)
    if table.get("churn") and (depth := table.get("depth", 1)) > 1:
        raise CallerError(
            f"depth is {depth}", subject=where, hint="with churn it must be 1, one message per connection"
        )
    scenario = Scenario(name, **table)
    in_flight = scenario.connections * scenario.depth * scenario.message_size
    if in_flight > MAX_BYTES_IN_FLIGHT:
        reason = f"connections x depth x message_size is {in_flight} bytes"
        raise CallerError(reason, subject=where, hint=f"the maximum is {MAX_BYTES_IN_FLIGHT}")
    return scenario


def _expect_valid(where: str, key: str, value: Any) -> None:
    if key not in (*LIMITS, *FLAGS):
        raise CallerError(unknown_name("key", key, [*LIMITS, *FLAGS]), subject=where)
    if key in FLAGS:
        if not isinstance(value, bool):
            raise CallerError(f"{key} is {value!r}", subject=where, hint="it must be true or false")
        return
    lowest, highest = LIMITS[key]
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        hint = f"it must be a whole number from {lowest} to {highest}"
        raise CallerError(f"{key} is {value!r}", subject=where, hint=hint)
