"""The selection of targets: what is not a target is refused, with what to write instead."""

import pytest

from upecho.conformance.run.selection import parse_targets
from upecho.support.errors import CallerError


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("./good", "cmd:./good {address}"),
        ("/usr/bin/good -v", "cmd:/usr/bin/good -v {address}"),
        ("./good -p {port}", "cmd:./good -p {port}"),
    ],
)
def test_path_of_a_program_is_refused_with_the_command_to_write(text: str, command: str) -> None:
    with pytest.raises(CallerError) as refused:
        parse_targets([text])
    assert str(refused.value) == f'unknown implementation {text!r}; for a program write "{command}"'
