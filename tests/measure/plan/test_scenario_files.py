"""Scenario files are read strictly; every error names the place."""

from pathlib import Path

import pytest

from upecho.measure.plan.scenario_files import read_scenarios
from upecho.measure.plan.scenarios import Scenario
from upecho.support.errors import CallerError

SIZES = "connections = 2\nmessage_size = 64\n"


def test_file_is_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f"[b]\n{SIZES}depth = 4\nidle = 7\n[a-1]\n{SIZES}churn = true\n")
    assert read_scenarios(file) == [Scenario("b", 2, 64, depth=4, idle=7), Scenario("a-1", 2, 64, churn=True)]
    assert read_scenarios(file)[0].summary == "2 connections, 64 B messages, 4 in flight on each, 7 more idle"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it has no scenarios; add a table such as [chat]"),
        ("[a", "Expected ']'"),
        ("chat = 1", "[chat]: not a table; a scenario is a table with connections and message_size"),
        ("[a]\nconnections = 2", "[a]: it has no message_size"),
        (f"[a]\n{SIZES}dept = 2", "[a]: unknown key 'dept'; did you mean depth?"),
        (f"[a]\n{SIZES}depth = 0", "[a]: depth is 0; it must be a whole number from 1 to 1024"),
        (f"[a]\n{SIZES}depth = true", "[a]: depth is True; it must be a whole number from 1 to 1024"),
        (f"[a]\n{SIZES}idle = 1.5", "[a]: idle is 1.5; it must be a whole number from 0 to 100000"),
        (f"[a]\n{SIZES}churn = 1", "[a]: churn is 1; it must be true or false"),
        (
            f"[a]\n{SIZES}churn = true\ndepth = 2",
            "[a]: depth is 2; with churn it must be 1, one message per connection",
        ),
        (f"[latency]\n{SIZES}", "[latency]: upecho has a scenario of this name"),
        (f"[open-loop]\n{SIZES}", "[open-loop]: upecho has a scenario of this name"),
        (f"[all]\n{SIZES}", "[all]: upecho has a scenario of this name"),
        (f"[a]\n{SIZES}depth = 1024".replace("64", "1048576"), "is 2147483648 bytes; the maximum is 1073741824"),
        (f'["a b"]\n{SIZES}', "[a b]: the name of a scenario may have letters, digits, - and _ only"),
    ],
)
def test_invalid_scenario_is_reported(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(CallerError) as error:
        read_scenarios(file)
    assert str(file) in str(error.value)
    assert message in str(error.value)


def test_binary_or_missing_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff")
    with pytest.raises(CallerError, match=r"is not TOML: .* invalid start byte"):
        read_scenarios(tmp_path / "binary.toml")
    with pytest.raises(CallerError, match=r"cannot read .*none\.toml: No such file"):
        read_scenarios(tmp_path / "none.toml")
