"""The names of implementations, and the messages about names that stand for nothing."""

import pytest

from upecho.serving import registry
from upecho.support.errors import CallerError


def test_entry_point_is_a_registration(entry_point: None) -> None:
    assert registry.registrations()[-1] == registry.Registration("added", "mine:serve")


def test_name_from_an_entry_point_is_suggested(entry_point: None) -> None:
    with pytest.raises(CallerError, match="did you mean added"):
        registry.find("aded")
