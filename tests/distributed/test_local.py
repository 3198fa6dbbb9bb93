"""A worker on this machine that ends before the load is noticed at once."""

import sys

import pytest

from upecho.distributed.local import LocalWorkers
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError

pytestmark = pytest.mark.once


def test_worker_that_has_ended_is_reported_with_its_last_line(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-c", "import sys; sys.exit('upecho: no room')"])
    workers = LocalWorkers([child])
    assert child.wait(60) == 1
    with pytest.raises(HarnessError, match=r"^a worker ended with exit status 1: no room$"):
        workers.expect_alive()
