"""Machines for tests of several: network namespaces of Linux, connected by a bridge in another one."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SETUP_SECONDS = 30.0


def obstacle() -> str:
    """Return why this system cannot provide machines; empty if it can."""
    if os.getuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "there is no program ip"
    try:
        with namespace():
            return ""
    except subprocess.CalledProcessError as error:
        return f"no network namespace: {error.stderr.strip()}"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=SETUP_SECONDS)


@contextmanager
def namespace() -> Iterator[str]:
    name = f"upecho-{uuid.uuid4().hex[:12]}"
    ip("netns", "add", name)
    try:
        yield name
    finally:
        ip("netns", "delete", name)  # with its interfaces, and with their other ends


@dataclass
class Machine:
    """A machine with one network interface; its processes end with it.

    Attributes:
        address: Its IP address.
    """

    name: str
    address: str
    environment: dict[str, str]
    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a program of this Python."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self.environment,
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


@contextmanager
def machines(count: int, directory: Path) -> Iterator[list[Machine]]:
    """Yield machines with the addresses 10.77.0.1, 10.77.0.2 and so on.

    Args:
        count: Number of machines.
        directory: Directory for temporary files of their processes.
    """
    with ExitStack() as stack:
        switch = stack.enter_context(namespace())
        ip("-n", switch, "link", "add", "br0", "type", "bridge")
        ip("-n", switch, "link", "set", "br0", "up")
        yield [_machine(stack, switch, number, directory) for number in range(1, count + 1)]


def _machine(stack: ExitStack, switch: str, number: int, directory: Path) -> Machine:
    name, address, port = stack.enter_context(namespace()), f"10.77.0.{number}", f"port{number}"
    ip("-n", switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("-n", switch, "link", "set", port, "master", "br0", "up")
    ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        ip("-n", name, "link", "set", device, "up")
    machine = Machine(name, address, {"TMPDIR": str(directory)})
    stack.callback(machine.end)  # before the namespace is deleted, or it would live on with them
    return machine
