"""What runs on several Pythons exists; a test that was renamed would silently run on one only."""

import pytest

from tests.conftest import BOTH_ENDS, EVERY_PYTHON, ROOT


@pytest.mark.parametrize("prefix", EVERY_PYTHON + BOTH_ENDS)
def test_what_runs_on_several_pythons_exists(prefix: str) -> None:
    path, _, name = prefix.partition("::")
    assert (ROOT / path).exists()
    assert not name or f"def {name}(" in (ROOT / path).read_text()
