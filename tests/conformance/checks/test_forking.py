"""A correct server with a process for each client fails nothing, although its processes share much memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upecho.processes.linux import procfs

SHARED_BYTES = 40 << 20
FORKING = f"""
import os, signal
from upecho.servers.shared.accepting import accepting
shared = b"x" * {SHARED_BYTES}

def serve(listener, stop):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for connection in accepting(listener, stop):
        if not os.fork():
            try:
                while data := connection.recv(65536):
                    connection.sendall(data.upper())
            finally:  # a child that left through the exception would remove the path of its parent
                os._exit(0)
        connection.close()
"""


@pytest.mark.unmeasured  # a thousand processes, each of which would save data of its own
@pytest.mark.skipif(not procfs.AVAILABLE, reason="this system does not show memory")
def test_memory_shared_between_processes_is_no_growth(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "forking.py").write_text(FORKING)
    checks = ("--check=bounded-memory-under-backpressure", "--check=no-memory-leak-after-churn", "--check=half-close")
    done = upecho("check", "forking:serve", "--family=unix", "--strict", *checks, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.unmeasured
@pytest.mark.skipif(not procfs.AVAILABLE, reason="this system does not show processes")
def test_process_for_each_client_needs_few_descriptors(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "forking.py").write_text(FORKING)
    done = upecho("check", "forking:serve", "--family=unix", "--check=beyond-fd-setsize", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "each client has a process" in done.stdout
