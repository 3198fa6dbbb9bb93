"""A program that serves rightly at an address that it takes wrongly.

``python -m tests.broken.wrong_addresses FAULT ADDRESS``. Each fault replaces one part of upecho's own way to bind.
"""

import contextlib
import errno
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from upecho.net.address import MAX_PATH_BYTES
from upecho.serving import listener
from upecho.serving import run as serving
from upecho.serving.settings import Settings


def _remove_any_socket(path: Path) -> None:
    if path.is_socket():
        path.unlink()


def _remove_unless_live(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        outcome = probe.connect_ex(str(path))
    if outcome == errno.ECONNREFUSED:
        path.unlink()


def _remove_nothing(_path: Path) -> None:
    pass


def _remove_whatever_is_there(path: Path, _identity: object) -> None:
    path.unlink(missing_ok=True)


FAULTS: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
    "none": contextlib.nullcontext,
    "steals-live-path": lambda: mock.patch.object(listener, "_remove_if_stale", _remove_any_socket),
    "deletes-regular-file": lambda: mock.patch.object(listener, "_remove_if_stale", _remove_unless_live),
    "keeps-stale-path": lambda: mock.patch.object(listener, "_remove_if_stale", _remove_nothing),
    "shares-port": lambda: mock.patch.object(socket, "SO_REUSEADDR", socket.SO_REUSEPORT),
    "waits-for-time-wait": lambda: mock.patch.object(socket, "SO_REUSEADDR", socket.SO_KEEPALIVE),
    "leaves-path": lambda: mock.patch.object(listener, "_remove_if_same"),
    "removes-any-path": lambda: mock.patch.object(listener, "_remove_if_same", _remove_whatever_is_there),
    "opens-to-all": contextlib.nullcontext,
    "shortens-path": contextlib.nullcontext,
    "prints-traceback": contextlib.nullcontext,
}


def main() -> None:
    """Serve at the address, wrongly taken."""
    fault, address = sys.argv[1:]
    if fault == "shortens-path":
        address = address[: len("unix:") + MAX_PATH_BYTES]
    order = serving.Order("threads", address, Settings(grace=1.0, mode=0o777 if fault == "opens-to-all" else 0o600))
    with FAULTS[fault]():
        if fault == "prints-traceback":
            serving.run(order, lambda _: None)
        else:
            sys.argv[1:] = [order.to_json()]
            serving.main()


if __name__ == "__main__":
    main()
