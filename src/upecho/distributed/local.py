"""Workers on the machine of the master, each in a process of its own."""

import sys
from typing import Self

from upecho.net.address import Address
from upecho.processes.child import Child
from upecho.processes.ending import ended
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError


class LocalWorkers:
    """Workers that end with their supervisor."""

    def __init__(self, children: list[Child]) -> None:
        self._children = children

    @classmethod
    def start(cls, supervisor: Supervisor, address: Address, count: int) -> Self:
        """Start workers for the master at an address."""
        command = [sys.executable, "-P", "-m", "upecho", "locust", "--worker", str(address)]
        return cls([supervisor.start(command, mute=True) for _ in range(count)])

    def expect_alive(self) -> None:
        """Make sure that all workers are there.

        Raises:
            HarnessError: One has ended.
        """
        for child in self._children:
            if (status := child.wait(0)) is not None:
                last_line = child.stderr().strip().splitlines()[-1:] or ["no output on stderr"]
                raise HarnessError(last_line[0].removeprefix("upecho: "), subject=f"a worker {ended(status)}")
