"""Workers that are processes: starting them, replacing those that have died, and ending them.

The parent only supervises. A worker also ends when the parent is killed: it waits for the stop on a socket whose other
end only the parent holds.

A worker inherits the signal handlers of the parent and the socket to which they write. Stop signals are blocked until
the worker ignores them; otherwise one that reaches a new worker would stop the parent.
"""

import errno
import multiprocessing
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from upecho.servers.shared.workers import Work, stop_of_worker
from upecho.serving.contract import OUT_OF_RESOURCES, RETRY_SECONDS, Stop
from upecho.serving.stop_signals import STOP_SIGNALS


def serve_in_processes(work: Work, listeners: Sequence[socket.socket], stop: Stop) -> None:
    """Serve in one process per listener until told to stop.

    Args:
        work: Serves clients with a listener.
        listeners: Listener of each process; several may have the same.
        stop: Stop of the server.
    """
    ours, theirs = socket.socketpair()
    with ExitStack() as clean_up:
        for one in dict.fromkeys([ours, theirs, *listeners]):
            clean_up.enter_context(one)
        processes = Processes(work, listeners, stop, ours=ours, theirs=theirs)
        processes.keep_alive()
    processes.end(stop.grace + RETRY_SECONDS)


class Processes:
    """The worker processes, each with the place of its listener."""

    def __init__(
        self, work: Work, listeners: Sequence[socket.socket], stop: Stop, *, ours: socket.socket, theirs: socket.socket
    ) -> None:
        self._work = work
        self._listeners = listeners
        self._stop = stop
        self._ours = ours
        self._theirs = theirs
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        self._context = multiprocessing.get_context("fork")
        self._workers: dict[int, BaseProcess] = {}
        self._ready = 0
        self._announced = False

    def keep_alive(self) -> None:
        """Start the workers and replace those that die, until the server has to stop."""
        stop = self._stop.fileno()
        self._fill()
        while stop not in (events := self._wait(stop)):
            if self._ours in events:
                self._announce_when_ready()
            else:
                wait([stop], RETRY_SECONDS)  # a worker that dies at once must not make the parent spin
                self._fill()

    def end(self, seconds: float) -> None:
        """Wait for the workers, which have been told to stop; kill those that do not end in time."""
        for worker in self._workers.values():
            worker.join(seconds)
            worker.kill()
            worker.join()

    def _wait(self, stop: int) -> list[object]:
        """Wait for the stop, for a worker that is ready or has died, or for the time to try again to start one."""
        sentinels = [worker.sentinel for worker in self._workers.values()]
        seconds = None if len(self._workers) == len(self._listeners) else RETRY_SECONDS
        return list(wait([stop, self._ours, *sentinels], seconds))

    def _announce_when_ready(self) -> None:
        """Count the workers that are ready; those that could not be started are not waited for."""
        self._ready += len(self._ours.recv(len(self._listeners)))
        if not self._announced and self._ready >= len(self._workers):
            self._announced = True
            self._stop.ready()

    def _fill(self) -> None:
        """Start a worker for each listener that has none."""
        self._workers = {place: worker for place, worker in self._workers.items() if worker.is_alive()}
        for place in range(len(self._listeners)):
            if place not in self._workers:
                worker = self._context.Process(target=self._run, args=(place,))
                if not _starts(worker):
                    return
                self._workers[place] = worker

    def _run(self, place: int) -> None:
        """Be a worker."""
        # Ctrl-C reaches every process of the group; only the parent decides when to stop.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        listener = self._listeners[place]
        for inherited in {self._ours, *self._listeners} - {listener}:
            inherited.close()
        self._work(listener, stop_of_worker(self._stop, self._theirs))


def _starts(worker: BaseProcess) -> bool:
    """Start a worker with the stop signals blocked; return whether the system had the resources for it."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        worker.start()
    except OSError as error:
        if error.errno not in OUT_OF_RESOURCES | {errno.EAGAIN}:
            raise
        return False
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return True
