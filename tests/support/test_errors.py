"""The error tree: every foreseen failure carries the exit status that the documentation promises."""

import pytest

from upecho.support import errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.TargetError, 1),
        (errors.CallerError, 2),
        (errors.AddressError, 2),
        (errors.Unavailable, 2),
        (errors.HarnessError, 3),
    ],
)
def test_each_error_carries_its_exit_status(error: type[errors.UpechoError], status: int) -> None:
    assert error.exit_status == status
    assert issubclass(error, errors.UpechoError)
