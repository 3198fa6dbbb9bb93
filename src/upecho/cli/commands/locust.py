"""``upecho locust``: one load from several machines, which Locust connects."""

from pathlib import Path
from typing import Any

import click

from upecho.cli.environment import expect_usable_environment
from upecho.cli.locust_run import Load, distribute, take_part
from upecho.cli.parameters import AddressText, Number
from upecho.distributed.bridge import require_locust
from upecho.load.plan import Plan
from upecho.measure.plan.scenario_files import LIMITS, MAX_BYTES_IN_FLIGHT
from upecho.net.address import Address
from upecho.serving.target import Target
from upecho.support import atomic_write, timeouts
from upecho.support.errors import CallerError
from upecho.support.text import plural

DEADLINE_SECONDS = 5.0  # for a server that no longer answers, after the end of the window
DEADLINE_SECONDS_PER_CLIENT = 0.002  # many servers accept one connection after another


@click.command()
@click.argument("target", metavar="[ADDRESS]", required=False)
@click.option("--master", type=AddressText(), metavar="HOST:PORT", help="Listen here for workers on other machines.")
@click.option("--worker", type=AddressText(), metavar="HOST:PORT", help="Take part as a worker of this master.")
@click.option("--workers", type=Number(1, 1000), default=2, show_default=True, help="Number of workers.")
@click.option(
    "--wait", type=Number(0.1, 3600.0), default=60.0, show_default=True, metavar="SECONDS",
    help="Maximum time that a master waits for its workers, and a worker for its master.",
)  # fmt: skip
@click.option(
    "--connections", type=Number(*LIMITS["connections"]), default=64, show_default=True, metavar="N",
    help="Number of connections of all workers together.",
)  # fmt: skip
@click.option(
    "--message-size", type=Number(*LIMITS["message_size"]), default=1024, show_default=True, metavar="BYTES",
    help="Size of each message.",
)  # fmt: skip
@click.option(
    "--depth", type=Number(*LIMITS["depth"]), default=1, show_default=True, metavar="N",
    help="Requests in flight on each connection.",
)  # fmt: skip
@click.option(
    "--rate", type=Number(0.001, 1e9), metavar="N",
    help="Requests per second of all workers together, on a schedule that does not wait for replies.",
)  # fmt: skip
@click.option("--churn", is_flag=True, help="Use a new connection for each message.")
@click.option(
    "--seconds", type=Number(0.01, 86_400.0), default=10.0, show_default=True, help="Duration of the load."
)  # fmt: skip
@click.option("--seed", type=Number(0, 2**32), default=0, help="Seed for the payload.")
@click.option(
    "--save", type=click.Path(path_type=Path), metavar="FILE",
    help="Save the figures of each worker, and those of all together, to FILE, as JSON.",
)  # fmt: skip
def command(target: str | None, worker: Address | None, wait: float, save: Path | None, **options: Any) -> int:
    """Put one load on a running server, from several processes or machines.

    \b
    upecho locust 127.0.0.1:8080
    upecho locust 10.0.0.9:8080 --master 10.0.0.1:5557 --workers 3    # on one machine
    upecho locust --worker 10.0.0.1:5557                              # on each of three others

    ADDRESS is that of the server, as the workers reach it. Without --master, the workers run on this machine. Each
    worker runs upecho's native load engine, which compares every byte of every reply; Locust connects the workers with
    the master, which merges counts, failures and histograms exactly. A worker takes part in one load and ends.

    Messages between the machines are neither encrypted nor authenticated; use a network that you trust.

    Exit status: 0 if all workers have delivered a result without failures; 1 if requests failed; 2 if the input was
    wrong, or if a worker found no master or was refused by it; 3 if too few workers came, or if a worker or the master
    was lost.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    _expect_one_role(target, worker, options["master"])
    expect_usable_environment()
    require_locust()
    if worker:
        return take_part(_expect_tcp(worker), wait)
    assert target
    if save:
        atomic_write.check(save)
    master = _expect_tcp(options["master"]) if options["master"] else None
    count = options["workers"]
    return distribute(Load(_server(target), _plan(options), master=master, count=count, wait=wait, save=save))


def _expect_one_role(target: str | None, worker: Address | None, master: Address | None) -> None:
    if worker and (target or master):
        raise click.UsageError("A worker takes neither ADDRESS nor --master: it gets its load from the master")
    if not worker and not target:
        raise click.UsageError("Missing ADDRESS of the server (or --worker HOST:PORT)")


def _expect_tcp(address: Address) -> Address:
    if address.family.is_unix:
        raise CallerError(f"{address} is not HOST:PORT; workers reach a master over TCP")
    return address


def _server(text: str) -> Address:
    if not Target.is_address(text):
        hint = f"start it with upecho serve {text} --bind HOST:PORT, and give that address"
        raise CallerError(f"{text!r} is not the address of a running server", hint=hint)
    return Address.parse(text)


def _plan(options: dict[str, Any]) -> Plan:
    """Return the load.

    Raises:
        CallerError: The options contradict each other.
    """
    connections, depth, size = options["connections"], options["depth"], options["message_size"]
    if connections < options["workers"]:
        raise CallerError(f"{plural(connections, 'connection')} cannot be divided among {options['workers']} workers")
    if options["churn"] and (depth > 1 or options["rate"]):
        raise CallerError("--churn sends one message per connection, so it excludes --depth and --rate")
    if connections * depth * size > MAX_BYTES_IN_FLIGHT:
        in_flight = connections * depth * size
        raise CallerError(f"{in_flight} bytes would be in flight at once; the maximum is {MAX_BYTES_IN_FLIGHT}")
    slack = DEADLINE_SECONDS + DEADLINE_SECONDS_PER_CLIENT * connections
    return Plan(
        connections=connections,
        message_size=size,
        duration_seconds=options["seconds"],
        deadline_seconds=options["seconds"] + timeouts.scaled(slack),
        seed=options["seed"],
        depth=depth,
        rate=options["rate"],
        churn=options["churn"],
    )
