"""Trials that a CPU quota stopped are recognised, in control groups of both versions."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from upecho.measure.throttling import Quotas, Throttling

V1 = "31 23 0:28 / {} rw,relatime - cgroup cgroup rw,cpu,cpuacct\n33 31 0:30 / /other rw - cgroup cgroup rw,cpuset\n"
V2 = "31 23 0:28 / {} rw,relatime shared:4 - cgroup2 cgroup2 rw\n"


class Machine:
    """Made-up files: a process directory and a mounted hierarchy of control groups."""

    def __init__(self, directory: Path, *, mounts: str, groups: str) -> None:
        self.top, self.proc = directory / "cgroup", directory / "proc"
        self.proc.mkdir(parents=True)
        (self.proc / "mountinfo").write_text(mounts.format(self.top))
        (self.proc / "cgroup").write_text(groups)

    def write(self, group: str, *, periods: int, throttled: int, time: str) -> None:
        (self.top / group).mkdir(parents=True, exist_ok=True)
        text = f"nr_periods {periods}\nnr_throttled {throttled}\n{time}\n"
        (self.top / group / "cpu.stat").write_text(text)


@pytest.fixture(params=["v1", "v2"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    if request.param == "v1":
        return Machine(tmp_path, mounts=V1, groups="3:cpuset:/\n2:cpuacct,cpu:/slice/unit\n1:name=systemd:/x\n0::/y\n")
    return Machine(tmp_path, mounts=V2, groups="0::/slice/unit\n")


def microseconds(machine: Machine, count: int) -> str:
    is_v1 = "cpuset" in (machine.proc / "cgroup").read_text()
    return f"throttled_time {count * 1000}" if is_v1 else f"throttled_usec {count}"


@pytest.mark.parametrize("group", ["slice/unit", "slice", "."], ids=["own", "parent", "top"])
def test_throttling_of_a_group_or_of_one_above_is_seen(machine: Machine, group: str) -> None:
    for one in ("slice/unit", "slice", "."):
        machine.write(one, periods=100, throttled=20, time=microseconds(machine, 70))
    quotas = Quotas(machine.proc)
    before = quotas.read()
    machine.write(group, periods=183, throttled=93, time=microseconds(machine, 570))
    assert quotas.since(before) == Throttling(83, 73, 500_000)


def test_group_that_was_stopped_most_counts(machine: Machine) -> None:
    machine.write("slice/unit", periods=0, throttled=0, time=microseconds(machine, 0))
    machine.write("slice", periods=0, throttled=0, time=microseconds(machine, 0))
    quotas = Quotas(machine.proc)
    before = quotas.read()
    machine.write("slice/unit", periods=50, throttled=1, time=microseconds(machine, 9))
    machine.write("slice", periods=10, throttled=9, time=microseconds(machine, 3))
    assert quotas.since(before) == Throttling(10, 9, 3000)


def since_two_of_five_periods(machine: Machine, *, periods: int, time: int) -> Throttling | None:
    """Return what has happened since two of five periods were throttled for 9 us; no further period was throttled."""
    machine.write("slice", periods=5, throttled=2, time=microseconds(machine, 9))
    quotas = Quotas(machine.proc)
    before = quotas.read()
    machine.write("slice", periods=periods, throttled=2, time=microseconds(machine, time))
    return quotas.since(before)


def test_quota_that_is_not_used_up_is_no_throttling(machine: Machine) -> None:
    assert since_two_of_five_periods(machine, periods=9, time=9) == Throttling(4, 0, 0)


def test_time_counts_before_its_period_does(machine: Machine) -> None:
    found = since_two_of_five_periods(machine, periods=5, time=10)
    assert found
    assert found.happened


def test_nothing_is_known_without_quotas(machine: Machine) -> None:
    (machine.top / "slice").mkdir(parents=True)
    (machine.top / "slice" / "cpu.stat").write_text("usage_usec 7\nuser_usec 5\nsystem_usec 2\n")
    machine.write("slice/unit", periods=0, throttled=0, time=microseconds(machine, 0))
    quotas = Quotas(machine.proc)
    assert quotas.since(quotas.read()) is None


def test_group_in_a_container_that_shows_the_path_outside(tmp_path: Path) -> None:
    mounts = "31 23 0:28 /docker/1f {} rw,relatime - cgroup cgroup rw,cpu\n"
    machine = Machine(tmp_path, mounts=mounts, groups="1:cpu:/docker/1f/inner\n")
    machine.write("inner", periods=1, throttled=0, time="throttled_time 0")
    assert list(Quotas(machine.proc).read()) == [machine.top / "inner" / "cpu.stat"]
    (machine.proc / "cgroup").write_text("1:cpu:/elsewhere\n")
    machine.write(".", periods=1, throttled=0, time="throttled_time 0")
    assert list(Quotas(machine.proc).read()) == [machine.top / "cpu.stat"]


def test_other_systems_have_no_quotas(tmp_path: Path) -> None:
    assert Quotas(tmp_path / "none").read() == {}


BUSY = """
import os, sys, time
from pathlib import Path
from upecho.measure.throttling import Quotas
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
quotas = Quotas()
before, end = quotas.read(), time.monotonic() + 60.0
while not (found := quotas.since(before)) or not found.happened:
    assert time.monotonic() < end, found
print(found.happened)
"""


QUOTAS = {"/sys/fs/cgroup/cpu": ("cpu.cfs_quota_us", "5000"), "/sys/fs/cgroup": ("cpu.max", "5000 100000")}


@pytest.fixture
def limited_group() -> Iterator[Path]:
    """A control group that may use a twentieth of a core, which it gets on a busy machine as well."""
    for top, (file, quota) in QUOTAS.items():
        group = Path(top, f"upecho-{os.getpid()}")
        with contextlib.suppress(OSError):
            group.mkdir()
        if (group / file).exists():
            (group / file).write_text(quota)
            break
        with contextlib.suppress(OSError):
            group.rmdir()
    else:
        pytest.skip("no control group with a CPU quota can be created here")
    yield group
    group.rmdir()


def test_real_quota_is_seen(limited_group: Path) -> None:
    command = [sys.executable, "-c", BUSY, str(limited_group)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90)
    assert (done.stdout, done.stderr) == ("True\n", "")
