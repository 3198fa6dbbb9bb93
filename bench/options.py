"""Refuses the options of pytest-benchmark that could not do what they promise, before anything is measured."""

import contextlib
import importlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.logger import Logger
from pytest_benchmark.storage.file import FileStorage
from pytest_benchmark.utils import first_or_value, load_storage

from upecho.support import atomic_write

FIXED = "pytest bench measures trials"
PROFILE = "the servers run in other processes; use python -m bench.profile"
WARM_UP = "every trial begins with a warm-up of its own"
REFUSED = {
    "min-time": f"{FIXED}; use --trial-seconds",
    "max-time": f"{FIXED}; use --trials and --trial-seconds",
    "min-rounds": f"{FIXED}; use --trials",
    "precision": f"{FIXED}; use --trials, or upecho bench --precision",
    "confidence": f"{FIXED}; use --trials, or upecho bench --precision",
    "timer": "the load engine times the requests",
    "calibration-precision": "the load engine times the requests",
    "warmup": WARM_UP,
    "warmup-iterations": WARM_UP,
    "disable-gc": "the load engine runs without the garbage collector, and servers as their users run them",
    "cprofile": PROFILE,
    "cprofile-loops": PROFILE,
    "cprofile-top": PROFILE,
    "cprofile-dump": PROFILE,
}
LABELS = ("group", "name", "func", "fullname", "fullfunc", "param")


def expect_supported(config: pytest.Config, parameters: tuple[str, ...]) -> None:
    """Make sure that every option of pytest-benchmark can have its effect.

    Args:
        config: Configuration of the run.
        parameters: Names of the parameters that benchmarks can be grouped by.

    Raises:
        UsageError: An option has no effect here, lacks a package, or has an invalid value.
        UpechoError: A file that was asked for cannot be written.
    """
    for name in _given(config):
        if name in REFUSED:
            raise pytest.UsageError(f"--benchmark-{name} has no effect here: {REFUSED[name]}")
    _expect_labels(config.getoption("benchmark_group_by"), parameters)
    _expect_storage(config)
    if config.getoption("benchmark_compare_fail") and not config.getoption("benchmark_compare"):
        raise pytest.UsageError("--benchmark-compare-fail needs --benchmark-compare")
    if file := config.getoption("benchmark_json"):
        atomic_write.check(Path(file))
    if prefix := first_or_value(config.getoption("benchmark_histogram"), False):  # type: ignore[no-untyped-call]
        _expect_histogram(Path(prefix))


def expect_baseline(config: pytest.Config) -> None:
    """Make sure that there is a baseline if a regression is to fail the run; pytest-benchmark has looked for it.

    Raises:
        UsageError: There is no baseline.
    """
    session = config.pluginmanager.getplugin("pytest-benchmark")
    if session and session.compare_fail and not session.compared_mapping:
        raise pytest.UsageError(f"--benchmark-compare-fail: no such baseline in {session.storage}")


def _given(config: pytest.Config) -> Iterator[str]:
    """Yield the names of the options of pytest-benchmark that the user wrote, without their common prefix."""
    for argument in (*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *config.invocation_params.args):
        option = str(argument).partition("=")[0]
        if option.startswith("--benchmark-"):
            yield option.removeprefix("--benchmark-")


def _expect_labels(text: str, parameters: tuple[str, ...]) -> None:
    labels = (*LABELS, *(f"param:{name}" for name in parameters))
    for label in text.split(","):
        if label not in labels:
            raise pytest.UsageError(f"--benchmark-group-by is {label!r}; it must be one of {', '.join(labels)}")


def _expect_storage(config: pytest.Config) -> None:
    """Make sure that saved runs can be found, and that this one can be saved if that was requested."""
    uri, netrc = config.getoption("benchmark_storage"), config.getoption("benchmark_netrc")
    if netrc and not uri.startswith("elasticsearch+"):
        raise pytest.UsageError("--benchmark-netrc has no effect here: --benchmark-storage is not elasticsearch")
    storage = _loaded(uri, netrc, config.getoption("benchmark_compare"))
    if isinstance(storage, FileStorage) and (
        config.getoption("benchmark_save") or config.getoption("benchmark_autosave")
    ):
        atomic_write.check(storage.get("run.json"))  # type: ignore[no-untyped-call]


def _loaded(uri: str, netrc: str, baseline: str | bool | None) -> Any:
    """Return the storage, after a trial search for the baseline."""
    try:
        storage = load_storage(uri, logger=Logger(), default_machine_id="", netrc=netrc)  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 (which exceptions there are depends on the kind of storage)
        raise pytest.UsageError(f"--benchmark-storage is {uri!r}: {(error.args or [error])[-1]}") from None
    try:
        if isinstance(storage, FileStorage) and isinstance(baseline, str):
            storage.query(baseline)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise pytest.UsageError(f"--benchmark-compare: {error}") from None
    return storage


def _expect_histogram(prefix: Path) -> None:
    try:
        importlib.import_module("pytest_benchmark.histogram")
    except ImportError as error:
        raise pytest.UsageError(f"--benchmark-histogram: {error.args[-1]}") from None
    with contextlib.suppress(OSError):  # the check says what is wrong
        prefix.parent.mkdir(parents=True, exist_ok=True)  # as pytest-benchmark does at the end
    atomic_write.check(prefix.with_name(f"{prefix.name}.svg"))
