"""Scenarios that users define: a TOML file with a table for each.

::

    [chat]
    connections = 200
    message_size = 256

A table may also have ``depth``, ``idle`` and ``churn``. The keys are attributes of ``scenarios.Scenario``.
"""

from pathlib import Path
from typing import Any

from upecho.measure.scenarios import ALL, MIB, SCENARIOS, SUMMARIES, Scenario
from upecho.serving import registry
from upecho.support import toml_file
from upecho.support.errors import CallerError

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


def load(path: Path) -> list[Scenario]:
    """Read the scenarios of a file, in the order of the file.

    Raises:
        CallerError: The file cannot be read, or contains something that is not a scenario; the message says where.
    """
    tables = toml_file.read(path)
    if not tables:
        raise CallerError(f"{path} has no scenarios; add a table such as [chat]")
    return [_scenario(f"{path}: [{name}]", name, table) for name, table in tables.items()]


def _scenario(where: str, name: str, table: Any) -> Scenario:
    if not isinstance(table, dict):
        raise CallerError(f"{where} is not a table; a scenario is a table with {' and '.join(REQUIRED)}")
    if not name.replace("-", "").replace("_", "").isalnum():
        raise CallerError(f"{where}: the name of a scenario may have letters, digits, - and _ only")
    if name in TAKEN:
        raise CallerError(f"{where}: upecho has a scenario of this name; choose another name")
    for key in REQUIRED:
        if key not in table:
            raise CallerError(f"{where} has no {key}")
    for key, value in table.items():
        _expect_valid(where, key, value)
    if table.get("churn") and table.get("depth", 1) > 1:
        raise CallerError(f"{where}: depth is {table['depth']}; with churn it must be 1, one message per connection")
    scenario = Scenario(name, **table)
    in_flight = scenario.connections * scenario.depth * scenario.message_size
    if in_flight > MAX_BYTES_IN_FLIGHT:
        raise CallerError(
            f"{where}: connections x depth x message_size is {in_flight} bytes; the maximum is {MAX_BYTES_IN_FLIGHT}"
        )
    return scenario


def _expect_valid(where: str, key: str, value: Any) -> None:
    if key not in (*LIMITS, *FLAGS):
        raise CallerError(f"{where}: {registry.unknown('key', key, [*LIMITS, *FLAGS])}")
    if key in FLAGS:
        if not isinstance(value, bool):
            raise CallerError(f"{where}: {key} is {value!r}; it must be true or false")
        return
    lowest, highest = LIMITS[key]
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise CallerError(f"{where}: {key} is {value!r}; it must be a whole number from {lowest} to {highest}")
