"""The packages that provide a target and its event loop, and their versions. Nothing of them is imported."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata

from upecho.serving import loops, registry
from upecho.support.errors import CallerError

OWN = __name__.partition(".")[0]


def versions(targets: Iterable[str]) -> dict[str, str]:
    """Return the versions of the packages of others that implementations consist of, keyed by package.

    What belongs to no package, such as a file in the current directory, has no version and is left out.

    Args:
        targets: Implementations as the user wrote them; those that do not exist have no packages.
    """
    found = {}
    for package in sorted({package for target in targets for package in _packages(target)}):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _packages(target: str) -> Iterator[str]:
    name, _, loop = target.partition("+")
    with contextlib.suppress(CallerError):
        server = registry.find(name)
        yield from server.packages or _providers(server.location)
    if loop and (row := loops.find(loop)):
        yield from row.packages or _providers(row.location)


def _providers(location: str) -> list[str]:
    """Return the packages that have the module of a location."""
    module = location.partition(":")[0].partition(".")[0]
    if module == OWN or module in sys.stdlib_module_names:
        return []
    # This is slow, so it is called for code of others only. A distribution with broken metadata has no name.
    return list(filter(None, metadata.packages_distributions().get(module, [])))
