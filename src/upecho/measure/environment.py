"""The machine, the system and the versions that a measurement was made with."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from upecho import __version__
from upecho.measure.cores import Cores
from upecho.processes.interpreter import Interpreter
from upecho.support import extension
from upecho.support.errors import Unavailable

GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")


@dataclass(frozen=True)
class Environment:
    """Everything about the machine that a figure depends on.

    Attributes:
        started: Date and time of the start, in UTC and ISO 8601.
        cpu: Model of the processor.
        core_count: Number of processor cores that the system has.
        cores: Processor cores that were used.
        system: Kernel and its release.
        python: Implementation and version of the Python that runs upecho, and whether it is free-threaded.
        upecho: Version of upecho.
        governor: Frequency governor of the first core; empty if the system does not report it.
        clock_source: Clock source of the system; empty if the system does not report it.
        load: Load average over the minute before the start; 0 if the system does not report it.
        native: Compiler that built the C extension; empty without the extension.
    """

    started: str
    cpu: str
    core_count: int
    cores: Cores
    system: str
    python: str
    upecho: str
    governor: str
    clock_source: str
    load: float
    native: str

    @classmethod
    def here(cls, cores: Cores) -> Self:
        """Describe this machine and this interpreter."""
        return cls(
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            cpu=_cpu_model(),
            core_count=os.cpu_count() or 1,
            cores=cores,
            system=f"{platform.system()} {platform.release()}",
            python=Interpreter.here().version,
            upecho=__version__,
            governor=_line_of(GOVERNOR),
            clock_source=_line_of(CLOCK_SOURCE),
            load=_load_average(),
            native=_compiler(),
        )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _line_of(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _load_average() -> float:
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def _compiler() -> str:
    try:
        return str(extension.require("the compiler's name").COMPILER)
    except Unavailable:
        return ""
