"""The implementations that have a name, and where each is found. Nothing of them is imported here."""

import importlib.util
from typing import NamedTuple

from upecho.serving.added import added
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

ENTRY_POINTS = "upecho.servers"


class Registration(NamedTuple):
    """A name and where its implementation is found; nothing has been imported yet.

    Attributes:
        name: Name that users write.
        location: Where its ``serve`` is, as ``module:attribute``.
        summary: Its I/O model in a few words.
        naive: Whether it exists to show mistakes: it ignores the stop, and default runs skip it.
        packages: Packages that it needs and upecho does not depend on; the extra ``frameworks`` installs them.
        since: First version of CPython that has what it needs.
    """

    name: str
    location: str
    summary: str = ""
    naive: bool = False
    packages: tuple[str, ...] = ()
    since: tuple[int, int] = (3, 11)

    @property
    def module(self) -> str:
        """Name of its module."""
        return self.location.partition(":")[0]

    @property
    def is_installed(self) -> bool:
        """Whether the packages that it needs are installed; they are not imported."""
        return all(map(importlib.util.find_spec, self.packages))


BUILT_IN = (
    Registration("blocking", "upecho.servers.blocking:serve", "one client after another, one thread"),
    Registration("threads", "upecho.servers.threads:serve", "a thread for each connection"),
    Registration("thread-pool", "upecho.servers.thread_pool:serve", "a fixed number of threads"),
    Registration("socketserver", "upecho.servers.socketserver:serve", "the standard library's threading server"),
    Registration("selectors", "upecho.servers.selectors:serve", "one thread, a readiness loop"),
    Registration("asyncio", "upecho.servers.asyncio_streams:serve", "asyncio streams"),
    Registration("asyncio-protocol", "upecho.servers.asyncio_protocol:serve", "asyncio callbacks on a transport"),
    Registration("asyncio-buffered", "upecho.servers.asyncio_buffered:serve", "asyncio BufferedProtocol"),
    Registration("asyncio-sock", "upecho.servers.asyncio_sock:serve", "asyncio loop.sock_* on plain sockets"),
    Registration("asyncio-threads", "upecho.servers.asyncio_threads:serve", "several threads, an event loop each"),
    Registration("prefork", "upecho.servers.prefork:serve", "several processes, a readiness loop each"),
    Registration("prefork-reuseport", "upecho.servers.prefork_reuseport:serve", "several processes, a listener each"),
    Registration(
        "interpreters",
        "upecho.servers.interpreters:serve",
        "several interpreters, a readiness loop each",
        since=(3, 14),
    ),
    Registration("native", "upecho.servers.native:serve", "one thread, a readiness loop in C: the baseline"),
    Registration("textbook", "upecho.servers.textbook:serve", "one client, one recv, one send: a lesson", naive=True),
)
BUILT_IN_NAMES = frozenset(row.name for row in BUILT_IN)

# They run code of others. So, unlike the built-in ones, they are tried before use, and not forked from a process that
# has loaded them.
FRAMEWORKS = (
    Registration("trio", "upecho.frameworks.trio:serve", "trio tasks on streams", packages=("trio",)),
    Registration(
        "anyio-asyncio", "upecho.frameworks.anyio_asyncio:serve", "AnyIO tasks, on asyncio", packages=("anyio",)
    ),
    Registration(
        "anyio-trio", "upecho.frameworks.anyio_trio:serve", "AnyIO tasks, on trio", packages=("anyio", "trio")
    ),
    Registration("gevent", "upecho.frameworks.gevent:serve", "a greenlet for each connection", packages=("gevent",)),
    Registration(
        "twisted", "upecho.frameworks.twisted:serve", "Twisted callbacks on a transport", packages=("twisted",)
    ),
    Registration("tornado", "upecho.frameworks.tornado:serve", "Tornado coroutines on IOStream", packages=("tornado",)),
)
FRAMEWORK_NAMES = frozenset(row.name for row in FRAMEWORKS)


def registrations() -> tuple[Registration, ...]:
    """Return the built-in implementations, those for frameworks, and those that other packages add as entry points."""
    return BUILT_IN + FRAMEWORKS + tuple(Registration(*one) for one in added(ENTRY_POINTS))


def find(name: str) -> Registration:
    """Return the registration that ``NAME`` or ``module:attribute`` stands for, without importing anything of it.

    Raises:
        CallerError: No implementation has that name; the message suggests the nearest one.
    """
    if ":" in name:
        return Registration(name, name)
    rows = BUILT_IN + FRAMEWORKS if name in BUILT_IN_NAMES | FRAMEWORK_NAMES else registrations()
    for row in rows:
        if row.name == name:
            return row
    raise CallerError(unknown_name("implementation", name, [row.name for row in rows], "module:attribute"))
