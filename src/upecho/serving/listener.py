"""The only place that binds: options, stale Unix paths, permissions, clean-up."""

import contextlib
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upecho.net.address import Address, Family
from upecho.serving.settings import Settings
from upecho.support.errors import AddressError, NoPortLeft

Identity = tuple[int, int]  # device and inode number


@contextmanager
def listening(address: Address, settings: Settings) -> Iterator[socket.socket]:
    """Bind and listen on ``address``; on exit close the socket and remove the Unix path, if it is still ours.

    Raises:
        AddressError: the address is in use, not permitted, or not on this system.
        NoPortLeft: the system was to choose a port, and has none.
        Unavailable: this system lacks the family.
    """
    with contextlib.ExitStack() as clean_up:
        listener, identity = _listening(address, settings)
        clean_up.enter_context(listener)
        if identity:
            clean_up.callback(_remove_if_same, Path(address.path), identity)
        yield listener


def _listening(address: Address, settings: Settings) -> tuple[socket.socket, Identity | None]:
    """Return a socket that listens, and the identity of its path if it has one."""
    identity = None
    version, name = address.resolve()
    bound = socket.socket(version, socket.SOCK_STREAM)
    try:
        if not address.family.is_unix:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Accepted sockets inherit it on Linux; without it a reply in two parts waits 40 ms for an ACK.
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.family is Family.INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
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
            raise AddressError(f"cannot listen on {address}: {_explain(error)}") from None
        raise
    return bound, identity


def _listen_at_path(bound: socket.socket, path: Path, settings: Settings) -> Identity:
    """Bind to a path and listen; two servers starting at once cannot both take over the same stale one.

    The lock is on the directory, so that no lock file is left. It covers looking at the path, replacing it and
    listening, because a path that is bound and not yet listened at looks stale.
    """
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    old_umask = os.umask(0o777 & ~settings.mode)  # a chmod after bind() would leave a moment with other permissions
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        _remove_if_stale(path)
        bound.bind(str(path))
        identity = _identity(path)  # before anybody can connect: from then on the path may be replaced
        bound.listen(settings.backlog)
        return identity
    finally:
        os.umask(old_umask)
        os.close(directory)


def _remove_if_stale(path: Path) -> None:
    """Remove a socket at which nobody listens; leave everything else alone and raise OSError."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise FileExistsError(errno.EEXIST, "the path exists and is not a socket; it was left alone")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a live server with a full backlog would make connect() wait
        outcome = probe.connect_ex(str(path))
    if outcome != errno.ECONNREFUSED:
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    path.unlink()


def _identity(path: Path) -> Identity:
    status = path.lstat()
    return status.st_dev, status.st_ino


def _remove_if_same(path: Path, identity: Identity) -> None:
    """Remove our own socket; another server may have replaced it meanwhile, and then it is not ours."""
    with contextlib.suppress(FileNotFoundError):
        if _identity(path) == identity:
            path.unlink()


def _explain(error: OSError) -> str:
    advice = {
        errno.EADDRINUSE: "the address is in use; stop what listens there or choose another",
        errno.EACCES: "no permission; choose a port above 1023 or a directory you may write to",
        errno.EPERM: "no permission; choose a port above 1023 or a directory you may write to",
        errno.EADDRNOTAVAIL: "this machine has no such address",
        errno.ENOENT: "the directory does not exist",
        errno.ENOTDIR: "the directory is not a directory",
    }
    return advice.get(error.errno or 0) or error.strerror or str(error)
