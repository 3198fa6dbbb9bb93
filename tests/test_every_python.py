"""What runs on every Python exists; a test that was renamed would silently run on one only."""

import pytest

from tests.conftest import EVERY_PYTHON, ROOT


@pytest.mark.parametrize("prefix", EVERY_PYTHON)
def test_what_runs_on_every_python_exists(prefix: str) -> None:
    path, _, name = prefix.partition("::")
    assert (ROOT / path).exists()
    assert not name or f"def {name}(" in (ROOT / path).read_text()
