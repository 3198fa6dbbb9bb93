"""Scenarios that users define: a TOML file with a table for each.

::

    [chat]
    connections = 200
    message_size = 256

``depth``, ``idle`` and ``churn`` may stand beside these two; the attributes of ``cells.Scenario`` say what they mean.
"""

from pathlib import Path
from typing import Any

from upecho.measure.cells import ALL, MIB, SCENARIOS, SUMMARIES, Scenario
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
MOST_UNDER_WAY = 1024 * MIB  # of which a server that keeps up has answered the last when the deadline comes


def load(path: Path) -> list[Scenario]:
    """Read the scenarios of a file, in its order.

    Raises:
        CallerError: it cannot be read, or says something that is no scenario; the message names the place.
    """
    tables = toml_file.read(path)
    if not tables:
        raise CallerError(f"{path} has no scenarios; a table such as [chat] would be one")
    return [_scenario(f"{path}: [{name}]", name, table) for name, table in tables.items()]


def _scenario(where: str, name: str, table: Any) -> Scenario:
    if not isinstance(table, dict):
        raise CallerError(f"{where} is no table of connections, message_size and so on")
    if not name.replace("-", "").replace("_", "").isalnum():
        raise CallerError(f"{where}: a scenario's name is made of letters, digits, - and _")
    if name in TAKEN:
        raise CallerError(f"{where}: there is a scenario of that name already; choose another")
    for key in REQUIRED:
        if key not in table:
            raise CallerError(f"{where} does not say {key}")
    for key, value in table.items():
        _expect_right(where, key, value)
    if table.get("churn") and table.get("depth", 1) > 1:
        raise CallerError(f"{where}: with churn, a connection has one message, so depth must be 1")
    scenario = Scenario(name, **table)
    if (in_flight := scenario.connections * scenario.depth * scenario.message_size) > MOST_UNDER_WAY:
        raise CallerError(
            f"{where}: connections x depth x message_size is {in_flight}; it must be at most {MOST_UNDER_WAY} bytes"
        )
    return scenario


def _expect_right(where: str, key: str, value: Any) -> None:
    if key not in (*LIMITS, *FLAGS):
        raise CallerError(f"{where}: {unknown_name('key', key, [*LIMITS, *FLAGS])}")
    if key in FLAGS:
        if not isinstance(value, bool):
            raise CallerError(f"{where}: {key} is {value!r}; it must be true or false")
        return
    lowest, highest = LIMITS[key]
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise CallerError(f"{where}: {key} is {value!r}; it must be a whole number from {lowest} to {highest}")
