"""``upecho send``: send a text or a stream to a server and print its reply."""

import os
import sys

import click

from upecho.cli.parameters import AddressText, Number
from upecho.net.address import Address
from upecho.net.connecting import connect
from upecho.net.exchange import Exchange, write_all
from upecho.serving.settings import DEFAULT_ADDRESS
from upecho.support.errors import CallerError


@click.command()
@click.argument("text", required=False)
@click.option(
    "--to", envvar="UPECHO_TO", default=DEFAULT_ADDRESS, type=AddressText(), metavar="ADDRESS",
    show_default=True, show_envvar=True, help="HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME.",
)  # fmt: skip
@click.option(
    "--timeout", default=10.0, show_default=True, type=Number(0.001, 86_400.0), metavar="SECONDS",
    help="Longest time to wait for the server; reading stdin may take longer.",
)  # fmt: skip
def command(text: str | None, to: Address, timeout: float) -> None:
    """Send TEXT and print the reply. Without TEXT, stream stdin to the server and the reply to stdout.

    \b
    upecho send hello
    upecho send <file >copy
    upecho send --to unix:/tmp/echo.sock -- --any-text
    """  # noqa: D301 (\b tells click not to rewrap the lines)
    if text is None and sys.stdin is None:
        raise CallerError("stdin is closed; give TEXT or redirect a file")
    with connect(to, timeout) as connection:
        sink = sys.stdout.fileno()
        if text is None:
            Exchange(connection, source=sys.stdin.fileno()).run(sink, timeout)
        else:
            Exchange(connection, os.fsencode(text)).run(sink, timeout)
            write_all(sink, b"\n")
