"""Options, environment variables, the configuration file and defaults: precedence and error messages."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho import cli
from upecho.serving import run as serving
from upecho.serving.settings import Settings

Refusal = Callable[..., str]
Served = Callable[..., serving.Order]


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("x.toml")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Return the order that ``upecho serve threads`` carries out when it is given these arguments."""
    orders: list[serving.Order] = []
    monkeypatch.setattr(serving, "run", lambda order, ready: orders.append(order))

    def served(*arguments: str) -> serving.Order:
        monkeypatch.setattr(sys, "argv", ["upecho", "serve", "threads", *arguments])
        with pytest.raises(SystemExit, match=r"^0$"):
            cli.main()
        return orders.pop()

    return served


def test_defaults_are_those_of_settings(served: Served) -> None:
    assert served() == serving.Order("threads", "127.0.0.1:8080", Settings())


def test_every_option_is_applied(served: Served) -> None:
    options = ["--bind=[::1]:0", "--backlog=0", "--receive-size=16777216", "--grace=0.5", "--mode=0660"]
    assert served(*options) == serving.Order("threads", "[::1]:0", Settings(0, 16_777_216, 0.5, 0o660))


def test_every_environment_variable_is_applied(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"BIND": "unix:@x", "BACKLOG": "65535", "RECEIVE_SIZE": "1", "GRACE": "3600", "MODE": "777"}
    for name, value in values.items():
        monkeypatch.setenv(f"UPECHO_{name}", value)
    assert served() == serving.Order("threads", "unix:@x", Settings(65_535, 1, 3600.0, 0o777))


def test_every_key_of_the_file_is_applied(served: Served, config_file: Path) -> None:
    config_file.write_text('bind = "unix:a"\nbacklog = 5\nreceive_size = 9\ngrace = 2\nmode = "0640"\n')
    assert served("--config", "x.toml") == serving.Order("threads", "unix:a", Settings(5, 9, 2.0, 0o640))


def test_option_overrides_variable_and_variable_overrides_file(
    served: Served, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text("backlog = 5\n")
    monkeypatch.setenv("UPECHO_CONFIG", "x.toml")
    assert served().settings.backlog == 5
    monkeypatch.setenv("UPECHO_BACKLOG", "6")
    assert served().settings.backlog == 6
    assert served("--backlog", "7").settings.backlog == 7


def test_empty_variable_is_ignored(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_BACKLOG", "")
    assert served().settings.backlog == Settings().backlog


BACKLOG = "it must be a whole number from 0 to 65535"
RECEIVE_SIZE = "it must be a whole number from 1 to 16777216"
GRACE = "it must be a number from 0 to 3600"
MODE = 'it must be octal digits such as "0660", from "0" to "0777"'


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("backlog", "five", BACKLOG),
        ("backlog", "-1", BACKLOG),
        ("backlog", "65536", BACKLOG),
        ("backlog", "1.5", BACKLOG),
        ("backlog", "9" * 5000, BACKLOG),
        ("receive-size", "0", RECEIVE_SIZE),
        ("receive-size", "16777217", RECEIVE_SIZE),
        ("grace", "nan", GRACE),
        ("grace", "inf", GRACE),
        ("grace", "-0.1", GRACE),
        ("grace", "3600.1", GRACE),
        ("mode", "1000", MODE),
        ("mode", "0800", MODE),
        ("mode", "", MODE),
    ],
)
def test_invalid_value_is_reported_with_its_origin(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch, key: str, value: str, allowed: str
) -> None:
    assert refusal("serve", "threads", f"--{key}={value}") == f"--{key} is {value!r}; {allowed}"
    if value:
        variable = f"UPECHO_{key.upper().replace('-', '_')}"
        monkeypatch.setenv(variable, value)
        assert refusal("serve", "threads") == f"{variable} is {value!r}; {allowed}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('backlog = "five"', f'backlog in x.toml is "five"; {BACKLOG}'),
        ('backlog = "5"', f'backlog in x.toml is "5"; {BACKLOG}'),
        ("backlog = true", f"backlog in x.toml is true; {BACKLOG}"),
        ("backlog = 1.5", f"backlog in x.toml is 1.5; {BACKLOG}"),
        ("backlog = [5]", f"backlog in x.toml is [5]; {BACKLOG}"),
        ("backlog = -1", f"backlog in x.toml is -1; {BACKLOG}"),
        ("[backlog]", f"backlog in x.toml is {{}}; {BACKLOG}"),
        ("backlog = 2000-01-01", f'backlog in x.toml is "2000-01-01"; {BACKLOG}'),
        ("grace = nan", f"grace in x.toml is NaN; {GRACE}"),
        ("grace = 1e999", f"grace in x.toml is Infinity; {GRACE}"),
        ("mode = 600", f"mode in x.toml is 600; {MODE}"),
        ("mode = 0o600", f"mode in x.toml is 384; {MODE}"),
        ("bind = 8080", "bind in x.toml is 8080; it must be a string such as '127.0.0.1:8080'"),
        (
            'bind = "x"',
            "bind in x.toml: not an address: 'x'; use HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME",
        ),
        ("bakclog = 5", "x.toml: unknown key 'bakclog'; did you mean backlog?"),
        ("zzz = 5", "x.toml: unknown key 'zzz'; known: bind, backlog, receive_size, grace, mode"),
        ("backlog 5", "--config: x.toml is not TOML: Expected '=' after a key"),
        ("\xff", "--config: x.toml is not TOML: 'utf-8' codec can't decode"),
    ],
)
def test_invalid_file_is_reported_with_the_allowed_value(
    refusal: Refusal, config_file: Path, line: str, message: str
) -> None:
    config_file.write_text(line, encoding="latin-1")
    assert refusal("serve", "threads", "--config", "x.toml").startswith(message)


def test_unreadable_file_is_reported(refusal: Refusal, monkeypatch: pytest.MonkeyPatch, config_file: Path) -> None:
    assert refusal("serve", "threads", "--config", "x.toml") == (
        "--config: cannot read x.toml: No such file or directory"
    )
    monkeypatch.setenv("UPECHO_CONFIG", os.curdir)
    assert refusal("serve", "threads") == "UPECHO_CONFIG: cannot read .: it is not a regular file"


@pytest.mark.parametrize("bind", ["8080", "unix:" + "x" * 200, "localhost:70000"])
def test_invalid_address_is_reported_with_its_origin(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch, bind: str
) -> None:
    assert refusal("serve", "threads", "--bind", bind).startswith("--bind: ")
    monkeypatch.setenv("UPECHO_BIND", bind)
    assert refusal("serve", "threads").startswith("UPECHO_BIND: ")
