"""Where a measurement was made: machine, system, versions."""

import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from upecho import __version__
from upecho.measure.cores import Cores


@dataclass(frozen=True)
class Environment:
    """Everything about the machine that a number depends on.

    Attributes:
        started: date and time in UTC, ISO 8601.
        cpu: model of the processor.
        core_count: processor cores the system has.
        cores: those that were used.
        system: kernel and its release.
        python: implementation, version, and whether it is free-threaded.
        upecho: version.
        loops: versions of the event loops that are not part of Python.
    """

    started: str
    cpu: str
    core_count: int
    cores: Cores
    system: str
    python: str
    upecho: str
    loops: dict[str, str]

    @classmethod
    def here(cls, cores: Cores, loops: Iterable[str]) -> Self:
        """Describe this machine and this interpreter."""
        return cls(
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            cpu=_cpu_model(),
            core_count=os.cpu_count() or 1,
            cores=cores,
            system=f"{platform.system()} {platform.release()}",
            python=_python(),
            upecho=__version__,
            loops={loop: version for loop in sorted({*loops} - {""}) if (version := _version(loop))},
        )

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """Build one from what ``dataclasses.asdict`` made of it, also after a journey through JSON."""
        cores = Cores(tuple(fields["cores"]["engine"]), tuple(fields["cores"]["servers"]))
        return cls(**fields | {"cores": cores})


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _python() -> str:
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return f"{platform.python_implementation()} {platform.python_version()}{'' if gil else ' free-threaded'}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
