"""Targets: every form is recognised, and an impossible target is refused before anything starts."""

import pytest

from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("threads", Kind.IMPLEMENTATION),
        ("upecho.servers.threads:serve", Kind.IMPLEMENTATION),
        ("asyncio+asyncio", Kind.IMPLEMENTATION),
        ("127.0.0.1:9000", Kind.ADDRESS),
        ("[::1]:9000", Kind.ADDRESS),
        ("unix:/tmp/x.sock", Kind.ADDRESS),
        ("unix:@name", Kind.ADDRESS),
        ("cmd:/bin/cat {address}", Kind.COMMAND),
    ],
)
def test_kind_is_recognised(text: str, kind: Kind) -> None:
    assert Target.parse(text).kind is kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thread", "did you mean threads"),
        ("threads+asyncio", "does not use an event loop"),
        ("127.0.0.1:99999", "not a port"),
        ("unix:", "not an address"),
        ("cmd:./no-such-program {address}", "no program './no-such-program'"),
        ("cmd:./server", "no placeholder in the command: .*put {address}, {port} or {path}"),
        ("cmd:'./server {address}", "No closing quotation"),
        ("no.such.module:serve", "no module"),
        ("cmd:/bin/cat {address} '\x1b[31m'", r"no control characters, .*: .*\\x1b"),
    ],
)
def test_impossible_target_is_refused(text: str, message: str) -> None:
    with pytest.raises(CallerError, match=message):
        Target.parse(text)


def test_placeholders_of_a_command_are_replaced() -> None:
    target = Target.parse("cmd:/bin/cat --bind={address} 'two words'")
    assert target.command("127.0.0.1:1") == ["/bin/cat", "--bind=127.0.0.1:1", "two words"]


def test_path_of_a_socket_may_contain_a_placeholder() -> None:
    target = Target.parse("cmd:/bin/cat {address} {path}")
    assert target.command("unix:/tmp/{port}/1") == ["/bin/cat", "unix:/tmp/{port}/1", "/tmp/{port}/1"]


def test_max_clients_is_declared_by_the_implementation() -> None:
    assert Target.parse("blocking").max_clients == 1
    assert Target.parse("threads").max_clients is None
    assert Target.parse("127.0.0.1:9000").max_clients is None


def test_grace_of_a_command_is_ten_seconds_unless_another_is_given() -> None:
    assert Target.parse("cmd:cat {address}").grace == 10.0
    assert Target.parse("cmd:cat {address}", grace=0.0).grace == 0.0
    assert Target.parse("threads", grace=3.0).grace == 0.0


@pytest.mark.parametrize(("text", "loop"), [("asyncio", ""), ("asyncio+asyncio", "asyncio")])
def test_loop_is_the_part_after_the_plus(text: str, loop: str) -> None:
    assert Target.parse(text).loop == loop


def test_plus_in_a_command_names_no_loop() -> None:
    assert Target.parse("cmd:echo a+b {address}").loop == ""
