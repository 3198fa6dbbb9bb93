"""Programs that serve correctly but bind or release their address wrongly.

``python -m tests.broken.wrong_addresses FUNCTION ADDRESS`` runs one of them. Each function replaces one part of the way
in which upecho binds. They are programs because a ``serve`` function is given a listener that is already bound.
"""

import errno
import os
import socket
import sys
from pathlib import Path
from unittest import mock

from upecho.net.address import MAX_PATH_BYTES
from upecho.serving import listener
from upecho.serving import run as serving
from upecho.serving.settings import Settings


def correct(order: serving.Order) -> None:
    """None: this server is correct, as is everything that the other address programs share."""
    sys.argv[1:] = [order.to_json()]
    serving.main()


def steals_live_path(order: serving.Order) -> None:
    """Remove the socket path of a running server and bind there."""

    def remove_any_socket(path: Path) -> None:
        if path.is_socket():
            path.unlink()

    with mock.patch.object(listener, "_remove_if_stale", remove_any_socket):
        correct(order)


def deletes_regular_file(order: serving.Order) -> None:
    """Delete a regular file at the socket path."""

    def remove_unless_live(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            outcome = probe.connect_ex(str(path))
        if outcome == errno.ECONNREFUSED:
            path.unlink()

    with mock.patch.object(listener, "_remove_if_stale", remove_unless_live):
        correct(order)


def refuses_stale_path(order: serving.Order) -> None:
    """Refuse to start when a server that has died left its socket path behind."""
    with mock.patch.object(listener, "_remove_if_stale"):
        correct(order)


def keeps_path_at_stop(order: serving.Order) -> None:
    """Leave the socket path behind at the stop."""
    with mock.patch.object(listener, "_remove_if_same"):
        correct(order)


def removes_replaced_path(order: serving.Order) -> None:
    """Remove the socket path at the stop even if another server has replaced it."""

    def remove(path: Path, _identity: object) -> None:
        path.unlink(missing_ok=True)

    with mock.patch.object(listener, "_remove_if_same", remove):
        correct(order)


def world_writable_path(order: serving.Order) -> None:
    """Let every user connect to the socket path."""
    correct(order._replace(settings=order.settings._replace(mode=0o777)))


def makes_path_private_after_bind(order: serving.Order) -> None:
    """Let every user connect to the socket path until a `chmod` right after `bind`."""
    identity = listener._identity

    def make_private(path: Path) -> tuple[int, int]:
        path.chmod(0o600)
        return identity(path)

    with mock.patch.object(listener, "_identity", make_private):
        world_writable_path(order)


def leaves_permissions_to_umask(order: serving.Order) -> None:
    """Give the socket path the permissions that the inherited umask leaves."""
    with mock.patch.object(os, "umask"):
        correct(order)


def listens_at_every_address(order: serving.Order) -> None:
    """Listen at every address of the machine instead of the one that it was given."""
    wildcard = "0.0.0.0:" if order.address.startswith("127.0.0.1:") else "[::]:"
    correct(order._replace(address=wildcard + order.address.rpartition(":")[2]))


def truncates_long_path(order: serving.Order) -> None:
    """Truncate a socket path that is too long."""
    correct(order._replace(address=order.address[: len("unix:") + MAX_PATH_BYTES]))


def shares_port(order: serving.Order) -> None:
    """Bind with `SO_REUSEPORT`, so that a second server can use the same port."""
    with mock.patch.object(socket, "SO_REUSEADDR", socket.SO_REUSEPORT):
        correct(order)


def binds_without_reuseaddr(order: serving.Order) -> None:
    """Bind without `SO_REUSEADDR`, which fails while old connections are in TIME-WAIT."""
    with mock.patch.object(socket, "SO_REUSEADDR", socket.SO_KEEPALIVE):  # any option that does no harm
        correct(order)


def prints_traceback(order: serving.Order) -> None:
    """Print a traceback instead of an error message when the address cannot be bound."""
    serving.run(order, lambda _address: None)


def says_nothing(order: serving.Order) -> None:
    """Say nothing when the address cannot be bound."""
    with mock.patch.object(sys, "stderr", Path(os.devnull).open("w")):
        correct(order)


def exits_with_status_0_when_refused(order: serving.Order) -> None:
    """Exit with status 0 when the address cannot be bound."""
    try:
        correct(order)
    except SystemExit:
        sys.exit(0)


def main() -> None:
    """Run the function that the first argument names, at the address in the second one."""
    function, address = sys.argv[1:]
    # To a command, upecho does not send the byte for which a child of its own waits; the end of stdin serves as well.
    os.dup2(os.open(os.devnull, os.O_RDONLY), serving.STDIN)
    globals()[function](serving.Order("threads", address, Settings(grace=1.0, mode=0o600)))


if __name__ == "__main__":
    main()
