"""Binding the socket of a server, with its options, its permissions and its clean-up."""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upecho.net.address import Address, Family
from upecho.serving.settings import Settings
from upecho.support.errors import AddressError, NoPortLeft

Identity = tuple[int, int]  # device and inode number

# Elsewhere than on Linux, a live server refuses connections, too, while its queue is full. One that accepts makes room
# within this time.
ROOM_SECONDS = 0.0 if sys.platform == "linux" else 1.0
RETRY_SECONDS = 0.01

NOT_PERMITTED = ("permission denied", "choose a port above 1023 or a directory you may write to")


@contextmanager
def listening(address: Address, settings: Settings) -> Iterator[socket.socket]:
    """Bind and listen; on exit, close the socket and remove the Unix path unless another server has replaced it.

    Raises:
        AddressError: The address is in use, not permitted, or not an address of this system.
        NoPortLeft: The address has port 0, and the system has no port left.
        Unavailable: This system lacks the socket family.
    """
    with contextlib.ExitStack() as clean_up:
        listener, identity = _listening(address, settings)
        clean_up.enter_context(listener)
        if identity:
            clean_up.callback(_remove_if_same, Path(address.path), identity)
        yield listener


def listening_beside(listener: socket.socket, settings: Settings) -> socket.socket:
    """Return another listener at the address of one, so that the kernel divides the connections between them.

    Args:
        listener: A listener over inet or inet6, whose options change.
        settings: Settings of the server.

    Raises:
        OSError: The system lacks resources.
    """
    address = Address.of(listener)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # it need not be set before it is bound
    beside = socket.socket(listener.family, socket.SOCK_STREAM)
    try:
        _set_options(beside, address.family)
        beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        beside.bind(listener.getsockname())
        beside.listen(settings.backlog)
    except BaseException:
        beside.close()
        raise
    return beside


def _set_options(bound: socket.socket, family: Family) -> None:
    """Set the options of a socket that will listen."""
    if not family.is_unix:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit this on Linux. Without it, a reply in two parts waits 40 ms for a delayed ACK.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if family is Family.INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


def _listening(address: Address, settings: Settings) -> tuple[socket.socket, Identity | None]:
    """Return a listening socket, and the identity of its path if it has one."""
    identity = None
    version, name = address.resolve()
    bound = socket.socket(version, socket.SOCK_STREAM)
    try:
        _set_options(bound, address.family)
        if address.family is Family.UNIX:
            identity = _listen_at_path(bound, Path(address.path), settings)
        else:
            bound.bind(name)
            bound.listen(settings.backlog)
    except BaseException as error:
        bound.close()
        if isinstance(error, OSError):
            if error.errno == errno.EADDRINUSE and not address.family.is_unix and address.port == 0:
                raise NoPortLeft from None
            raise _bind_error(address, error) from None
        raise
    return bound, identity


def _listen_at_path(bound: socket.socket, path: Path, settings: Settings) -> Identity:
    """Bind to a path and listen, so that of two servers that start at once only one takes over a stale path.

    The lock is held on the directory, so no lock file is left behind. It covers the test of the path, its replacement
    and ``listen``, because a path that is bound but does not listen yet looks stale.
    """
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    old_umask = os.umask(0o777 & ~settings.mode)  # a chmod after bind() would come too late
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        _remove_if_stale(path)
        bound.bind(str(path))
        identity = _identity(path)  # while we hold the lock: later the path may be replaced
        bound.listen(settings.backlog)
        return identity
    finally:
        os.umask(old_umask)
        os.close(directory)


def _remove_if_stale(path: Path) -> None:
    """Remove a socket on which no server listens; leave everything else alone and raise OSError."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise FileExistsError(errno.EEXIST, "the path exists and is not a socket; it was left alone")
    deadline = time.monotonic() + ROOM_SECONDS
    while _is_refused(path):
        if time.monotonic() >= deadline:
            path.unlink()
            return
        time.sleep(RETRY_SECONDS)
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _is_refused(path: Path) -> bool:
    """Whether a connection to a socket at a path is refused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a live server with a full backlog would make connect() wait
        return probe.connect_ex(str(path)) == errno.ECONNREFUSED


def _identity(path: Path) -> Identity:
    status = path.lstat()
    return status.st_dev, status.st_ino


def _remove_if_same(path: Path, identity: Identity) -> None:
    """Remove a path unless another server has replaced it since we created it."""
    with contextlib.suppress(FileNotFoundError):
        if _identity(path) == identity:
            path.unlink()


def _bind_error(address: Address, error: OSError) -> AddressError:
    reason, hint = {
        errno.EADDRINUSE: ("the address is in use", "stop what listens there or choose another"),
        errno.EACCES: NOT_PERMITTED,
        errno.EPERM: NOT_PERMITTED,
        errno.EADDRNOTAVAIL: ("this machine has no such address", ""),
        errno.ENOENT: ("the directory does not exist", ""),
        errno.ENOTDIR: ("a component of the path is not a directory", ""),
    }.get(error.errno or 0, (error.strerror or str(error), ""))
    return AddressError(reason, subject=f"cannot listen on {address}", hint=hint)
