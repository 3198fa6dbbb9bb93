"""``upecho serve``: run one implementation until it receives SIGINT or SIGTERM."""

import functools
import traceback
from typing import Any

import click

from upecho.cli import configuration
from upecho.cli.parameters import AddressText, Mode, Number, TargetName
from upecho.net.address import Address, Family
from upecho.serving import run as serving
from upecho.serving.loading.implementation import load_implementation
from upecho.serving.settings import (
    DEFAULT_ADDRESS,
    DEFAULTS,
    MAX_BACKLOG,
    MAX_GRACE,
    MAX_RECEIVE_SIZE,
    Settings,
)
from upecho.support.errors import CallerError, TargetError

option = functools.partial(click.option, show_default=True, show_envvar=True)


@click.command()
@click.argument("name", metavar="NAME[+LOOP]", type=TargetName())
@option(
    "--bind", envvar="UPECHO_BIND", default=DEFAULT_ADDRESS, type=AddressText(), metavar="ADDRESS",
    help="HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME; port 0 picks a free port.",
)  # fmt: skip
@option(
    "--backlog", envvar="UPECHO_BACKLOG", default=DEFAULTS.backlog, type=Number(0, MAX_BACKLOG), metavar="N",
    help="Connections that may wait in the queue of the listener.",
)  # fmt: skip
@option(
    "--receive-size", envvar="UPECHO_RECEIVE_SIZE", default=DEFAULTS.receive_size, metavar="BYTES",
    type=Number(1, MAX_RECEIVE_SIZE), help="Bytes requested by one recv call.",
)  # fmt: skip
@option(
    "--grace", envvar="UPECHO_GRACE", default=DEFAULTS.grace, type=Number(0.0, MAX_GRACE), metavar="SECONDS",
    help="Time that open connections get to finish after the stop signal.",
)  # fmt: skip
@option(
    "--mode", envvar="UPECHO_MODE", default=f"{DEFAULTS.mode:04o}", type=Mode(), metavar="OCTAL",
    help="Permissions of the path of a Unix socket, in octal.",
)  # fmt: skip
@click.option(
    "--config", envvar="UPECHO_CONFIG", show_envvar=True, metavar="FILE",
    is_eager=True, expose_value=False, callback=configuration.use,
    help="TOML file that may set bind, backlog, receive_size, grace and mode.",
)  # fmt: skip
def command(name: str, bind: Address, **settings: Any) -> int:
    """Run one implementation until Ctrl-C or SIGTERM.

    NAME is a name that `upecho list` shows, or module:attribute. Each setting comes from its flag, else from the
    environment, else from the --config file.

    \b
    upecho serve threads
    upecho serve asyncio+uvloop --bind unix:/tmp/echo.sock --mode 0660
    UPECHO_BACKLOG=5 upecho serve my_module:serve --bind 127.0.0.1:0
    """  # noqa: D301 (\b tells click not to rewrap the lines)
    families = load_implementation(name).declared.families
    if bind.family not in families:
        served = " and ".join(family for family in Family if family in families)
        raise CallerError(f"{bind} is not served", subject=name, hint=f"it serves only {served}")
    order = serving.Order(name, str(bind), Settings(**settings))
    try:
        serving.run(order, lambda address: serving.write_to_stdout(f"upecho: {name} is ready on {address}\n"))
    except OSError:  # a bug of the server; elsewhere an OSError means that our own output failed
        traceback.print_exc()
        return TargetError.exit_status
    return 0
