"""What a module declares, and the messages about impossible declarations."""

from pathlib import Path

import pytest

from upecho.serving.loading.implementation import load_implementation
from upecho.support.errors import CallerError


def test_max_clients_comes_from_the_module() -> None:
    assert load_implementation("blocking").declared.max_clients == 1
    assert load_implementation("threads").declared.max_clients is None


@pytest.mark.parametrize("families", ["()", "'inet'", "('inet', 'ipx')", "7", "[[]]", "{'inet': 1}"])
def test_malformed_families_are_a_caller_error(here: Path, families: str) -> None:
    (here / "mine.py").write_text(f"FAMILIES = {families}\ndef serve(listener, stop): pass\n")
    with pytest.raises(CallerError) as raised:
        load_implementation("mine:serve")
    assert str(raised.value).startswith(f"mine:serve: FAMILIES is {families}; it must be a tuple with some of 'inet', ")


@pytest.mark.parametrize(("declaration", "logs"), [("", False), ("LOGS = True\n", True), ("LOGS = False\n", False)])
def test_module_declares_that_it_logs(here: Path, declaration: str, logs: bool) -> None:
    (here / "mine.py").write_text(f"{declaration}def serve(listener, stop): pass\n")
    assert load_implementation("mine:serve").declared.logs is logs


def test_logs_that_is_no_truth_value_is_refused(here: Path) -> None:
    (here / "mine.py").write_text("LOGS = 1\ndef serve(listener, stop): pass\n")
    with pytest.raises(CallerError, match=r"^mine:serve: LOGS is 1; it must be True or False$"):
        load_implementation("mine:serve")


@pytest.mark.parametrize(("declaration", "grace"), [("", 0.0), ("GRACE = 10\n", 10.0), ("GRACE = 0.5\n", 0.5)])
def test_module_declares_its_grace(here: Path, declaration: str, grace: float) -> None:
    (here / "mine.py").write_text(f"{declaration}def serve(listener, stop): pass\n")
    assert load_implementation("mine:serve").declared.grace == grace


@pytest.mark.parametrize("grace", ["-1", "3601", "True", "'10'", "float('nan')"])
def test_grace_outside_its_limits_is_refused(here: Path, grace: str) -> None:
    (here / "mine.py").write_text(f"GRACE = {grace}\ndef serve(listener, stop): pass\n")
    with pytest.raises(
        CallerError, match=r"^mine:serve: GRACE is .+; it must be a number of seconds between 0 and 3600$"
    ):
        load_implementation("mine:serve")
