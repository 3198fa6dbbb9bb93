"""Hides things that only Linux has from every Python process that is started with this directory on PYTHONPATH.

Theory of operation
    Python imports ``sitecustomize`` before anything else runs. The variable ``UPECHO_TEST_HIDES`` names what is hidden,
    and each name is a function below. What is hidden is missing in the way in which another system lacks it: an
    attribute is deleted, a path does not exist, or a call behaves as on macOS and the BSDs.

    The guardian is isolated from such variables (``python -I -S``), so its code is preceded by that of this file.

    Not hidden: what a C extension asks the system itself, and what programs in other languages see.
"""

import errno
import os
import select
import signal
import socket
import sys
from typing import Any

VARIABLE = "UPECHO_TEST_HIDES"
LINUX_PATHS = ("/proc", "/sys")
OPEN_MAX = 10240  # sys/syslimits.h of macOS

# The documentation of these modules restricts these names to Linux, or to systems other than macOS.
NAMES = {
    os: "O_PATH O_TMPFILE SCHED_BATCH copy_file_range eventfd eventfd_read eventfd_write getrandom memfd_create "
    "pidfd_open pipe2 posix_fadvise posix_fallocate preadv pwritev sched_getaffinity sched_setaffinity "
    "sched_getscheduler sched_setscheduler setns splice timerfd_create unshare",
    select: "epoll EPOLLIN EPOLLOUT EPOLLERR EPOLLHUP EPOLLRDHUP POLLRDHUP",
    signal: "SIGPOLL SIGPWR SIGRTMAX SIGRTMIN SIGSTKFLT pidfd_send_signal sigtimedwait sigwaitinfo",
    socket: "AF_NETLINK AF_PACKET AF_VSOCK MSG_CMSG_CLOEXEC MSG_ERRQUEUE MSG_NOSIGNAL SOCK_CLOEXEC SOCK_NONBLOCK "
    "SO_BINDTODEVICE SO_DOMAIN SO_PASSCRED SO_PEERCRED SO_PRIORITY SO_PROTOCOL TCP_CORK TCP_DEFER_ACCEPT TCP_INFO "
    "TCP_QUICKACK TCP_USER_TIMEOUT",
}  # fmt: skip


def platform() -> None:
    """The name of the system; ``sysconfig`` goes on to find what was built here."""
    here = f"{sys.abiflags}_{sys.platform}_{getattr(sys.implementation, '_multiarch', '')}"
    os.environ.setdefault("_PYTHON_SYSCONFIGDATA_NAME", f"_sysconfigdata_{here}")
    sys.platform = "darwin"


def names() -> None:
    """The names of functions and constants."""
    import fcntl  # noqa: PLC0415 (only if it is changed: every process runs this)

    for module, text in NAMES.items():
        for name in text.split():
            vars(module).pop(name, None)
    for name in [name for name in vars(fcntl) if name.startswith(("DN_", "F_NOTIFY", "F_SETSIG", "F_GETSIG"))]:
        delattr(fcntl, name)


def extension() -> None:
    """The C extension of upecho."""
    sys.modules["upecho.support._native"] = None  # type: ignore[assignment]


def foreign_functions() -> None:
    """The module ctypes, which a Python that was built without libffi lacks."""
    sys.modules["ctypes"] = sys.modules["_ctypes"] = None  # type: ignore[assignment]


def proc() -> None:
    """The file systems /proc and /sys."""

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir"):
            expect_visible(arguments[0])

    sys.addaudithook(refuse)
    for name in ("stat", "lstat", "access", "readlink"):
        setattr(os, name, visible_only(getattr(os, name), absent=False if name == "access" else None))


def expect_visible(path: object) -> None:
    if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(LINUX_PATHS):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))


def visible_only(function: Any, *, absent: Any) -> Any:
    """Return a function for which hidden paths do not exist."""

    def call(path: object, *arguments: Any, **options: Any) -> Any:
        try:
            expect_visible(path)
        except FileNotFoundError:
            if absent is None:
                raise
            return absent
        return function(path, *arguments, **options)

    return call


def blocking_accept() -> None:
    """The rule that an accepted socket does not inherit O_NONBLOCK: accept(2)."""
    accept = socket.socket.accept

    def inherit(listener: Any) -> Any:
        connection, peer = accept(listener)
        os.set_blocking(connection.fileno(), os.get_blocking(listener.fileno()))
        return connection, peer

    socket.socket.accept = inherit  # type: ignore[assignment,method-assign]


def kept_data() -> None:
    """The rule that shutdown(SHUT_RD) keeps what has arrived: soshutdownlock_final() in uipc_socket.c of XNU."""
    rdhup = 0x2000  # POLLRDHUP, which may be hidden

    def shutdown(connection: Any, how: int) -> None:
        if how != socket.SHUT_WR:
            poll = select.poll()
            poll.register(connection, rdhup)
            if any(events & rdhup for _, events in poll.poll(0)):
                raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
            super(socket.socket, connection).shutdown(socket.SHUT_RD)
            discard(connection)
        if how != socket.SHUT_RD:
            super(socket.socket, connection).shutdown(socket.SHUT_WR)

    socket.socket.shutdown = shutdown  # type: ignore[method-assign]


def discard(connection: Any) -> None:
    """Read what has arrived."""
    try:
        while super(socket.socket, connection).recv(1 << 20, socket.MSG_DONTWAIT):
            pass
    except OSError:
        pass


def waiting_connect() -> None:
    """The rule that connecting to a Unix socket waits for room in the queue: EAGAIN becomes ECONNREFUSED."""

    def connect(connection: Any, name: Any) -> Any:
        if connection.family != socket.AF_UNIX:
            return super(socket.socket, connection).connect(name)
        timeout = connection.gettimeout()
        connection.settimeout(0)
        try:
            return super(socket.socket, connection).connect(name)
        except BlockingIOError:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)) from None
        finally:
            connection.settimeout(timeout)

    def connect_ex(connection: Any, name: Any) -> Any:
        try:
            connect(connection, name)
        except OSError as error:
            return error.errno
        return 0

    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]


def unlimited_descriptors() -> None:
    """The rule that a process may open as many descriptors as its hard limit says, even if that is infinite."""
    import resource  # noqa: PLC0415

    get, set_ = resource.getrlimit, resource.setrlimit
    most = get(resource.RLIMIT_NOFILE)[1]

    def getrlimit(kind: int) -> tuple[int, int]:
        soft, hard = get(kind)
        return (soft, resource.RLIM_INFINITY) if (kind, hard) == (resource.RLIMIT_NOFILE, most) else (soft, hard)

    def setrlimit(kind: int, limits: tuple[int, int]) -> None:
        soft, hard = limits
        if kind == resource.RLIMIT_NOFILE:
            if soft != get(kind)[0] and (soft == resource.RLIM_INFINITY or soft > OPEN_MAX):
                raise ValueError("current limit exceeds maximum limit")
            hard = most if hard == resource.RLIM_INFINITY else hard
        set_(kind, (soft, hard))

    resource.getrlimit, resource.setrlimit = getrlimit, setrlimit


def hide_from_guardian() -> None:
    """Let the guardian run the code of this file as well."""
    import subprocess  # noqa: PLC0415

    start: Any = subprocess.Popen.__init__

    def start_hiding(process: Any, argv: Any, *arguments: Any, **options: Any) -> None:
        if not isinstance(argv, str) and "-I" in argv and "upecho.processes.guardian" in argv[argv.index("-c") + 1]:
            code = argv.index("-c") + 1
            argv = [*argv[:code], f"exec(open({__file__!r}).read()); {argv[code]}", *argv[code + 1 :]]
        start(process, argv, *arguments, **options)

    subprocess.Popen.__init__ = start_hiding  # type: ignore[assignment,method-assign]


for name in os.environ.get(VARIABLE, "").split():
    globals()[name]()
if "__file__" in globals() and os.environ.get(VARIABLE):
    hide_from_guardian()
