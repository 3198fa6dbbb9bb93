"""The errors: each has the exit status that the documentation promises, and renders itself to one line."""

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
def test_each_error_has_its_exit_status(error: type[errors.UpechoError], status: int) -> None:
    assert error.exit_status == status
    assert issubclass(error, errors.UpechoError)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (errors.CallerError("it is wrong"), "it is wrong"),
        (errors.CallerError("it is wrong", subject="a.toml"), "a.toml: it is wrong"),
        (errors.CallerError("it is wrong", hint="do better"), "it is wrong; do better"),
        (errors.AddressError("no", subject="cannot listen on x", hint="stop y"), "cannot listen on x: no; stop y"),
        (
            errors.Unavailable("not built", subject="native", hint="build it"),
            "native is unavailable here: not built; build it",
        ),
        (errors.Unavailable("not built"), "not built"),
    ],
)
def test_error_renders_its_fields(error: errors.UpechoError, line: str) -> None:
    assert str(error) == line


def test_detail_leaves_the_subject_out() -> None:
    assert errors.Unavailable("not built", subject="native", hint="build it").detail == "not built; build it"


def test_missing_port_is_one_line() -> None:
    line = str(errors.NoPortLeft())
    assert line.startswith("no local port left: ")
    assert "\n" not in line
