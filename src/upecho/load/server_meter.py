"""Reads what a server has used before and after a load, and after it, which worker has which connection."""

from upecho.load.plan import Worker
from upecho.net.address import Address
from upecho.processes.linux.procfs import Use
from upecho.processes.linux.scope import Scope
from upecho.processes.linux.worker_shares import WorkerShare, worker_shares


class ServerMeter:
    """The meter of one load, as ``engine.Engine`` describes."""

    def __init__(self, scope: Scope, address: Address) -> None:
        """Create a meter.

        Args:
            scope: Processes of the server.
            address: Where it listens.
        """
        self._scope = scope
        self._address = address
        self._is_second = False
        self._shares: list[WorkerShare] | None = None

    def __call__(self) -> Use:
        """Return what the server has used."""
        use = self._scope.use()
        if self._is_second:  # the first reading ends right before the load, and should disturb nothing
            self._shares = worker_shares(self._scope.members(), self._address)
        self._is_second = True
        return use

    def workers(self, requests: int, message_size: int) -> tuple[Worker, ...] | None:
        """Return what each worker of the server had of the load, as ``LoadResult.workers`` describes.

        Each connection has exchanged one request before the load. The bytes that the workers have received otherwise
        are those of the load, unless somebody else was connected.

        Args:
            requests: Number of requests of the load.
            message_size: Size of each, in bytes.
        """
        if self._shares is None or len(self._shares) == 1:
            return None
        counts = [_requests(share, message_size) for share in self._shares]
        is_exact = sum(count or 0 for count in counts) == requests
        found = [
            Worker(share.connections, count if is_exact else None)
            for share, count in zip(self._shares, counts, strict=True)
        ]
        return tuple(sorted(found, key=lambda worker: (worker.accepted, worker.requests or 0)))


def _requests(share: WorkerShare, message_size: int) -> int | None:
    return None if share.received_bytes is None else share.received_bytes // message_size - share.connections
