"""The process that runs Locust for a master or a worker: it reads commands from stdin and writes events to stdout.

``python -m upecho.distributed.locust_process SETTINGS``. Importing Locust replaces much of the standard library by
that of gevent, so nothing else imports this module. It decides nothing: ``bridge`` is its other side. A command or an
event is an object of JSON per line, and the process ends with stdin.

Locust's own main program is not used. It waits without limit, and prints what nobody reads.
"""

import json
import os
import sys
from typing import Any

EVENTS = os.dup(1)  # before the imports, as Locust prints to stdout
os.dup2(2, 1)
os.environ.pop("LOCUST_SKIP_MONKEY_PATCH", None)  # its messages would block each other without the patches

import gevent  # noqa: E402
from gevent.fileobject import FileObject  # noqa: E402
from locust import runners  # noqa: E402
from locust.env import Environment  # noqa: E402
from locust.exception import RPCError  # noqa: E402

MESSAGE = "upecho"  # type of the messages of Locust that carry ours, and key of the introduction in reports
QUIT = "quit"  # Locust's own message that ends a worker
FLUSH_SECONDS = 0.5  # until the last messages have left; Locust's master waits as long
NO_LIMIT = 10**6  # attempts to connect; the other side of the bridge limits the time


def emit(kind: str, client: str = "", data: Any = None) -> None:
    """Write an event.

    Args:
        kind: What has happened.
        client: Worker that it is about, by Locust's id.
        data: What belongs to it, as plain data.
    """
    line = memoryview(json.dumps({"kind": kind, "client": client, "data": data}).encode() + b"\n")
    while line:
        line = line[os.write(EVENTS, line) :]


def main() -> None:
    """Run Locust until the end of stdin, or until it ends by itself."""
    emit("started")
    settings = json.loads(sys.argv[1])
    serve = master if settings["role"] == "master" else worker
    try:
        serve(settings)
    except (RPCError, SystemExit) as error:  # the latter is how Locust reports a port that is in use
        emit("failed", data=str(error.__context__ or error))


def master(settings: Any) -> None:
    """Run a master: pass introductions, heartbeats and messages on, and send what is to be sent."""
    environment = Environment()
    environment.events.worker_report.add_listener(lambda client_id, data: emit("report", client_id, data.get(MESSAGE)))
    environment.events.heartbeat_sent.add_listener(lambda client_id, timestamp: emit("heartbeat", client_id))  # noqa: ARG005
    runner = environment.create_master_runner(settings["host"], settings["port"])
    runner.register_message(MESSAGE, lambda environment, msg: emit("message", msg.node_id, msg.data))  # noqa: ARG005
    emit("ready")
    for command in commands():
        runner.send_message(QUIT if command["data"] is None else MESSAGE, command["data"], command["client"])
    runner.quit()


def worker(settings: Any) -> None:
    """Run a worker: introduce it in each report, pass heartbeats and messages on, and send what is to be sent."""
    environment = Environment()
    environment.events.report_to_master.add_listener(
        lambda client_id, data: data.update({MESSAGE: settings["hello"]})  # noqa: ARG005
    )
    environment.events.heartbeat_received.add_listener(lambda client_id, timestamp: emit("heartbeat"))  # noqa: ARG005
    runners.CONNECT_RETRY_COUNT = NO_LIMIT
    runner = environment.create_worker_runner(settings["host"], settings["port"])
    runner.register_message(MESSAGE, lambda environment, msg: emit("message", data=msg.data))  # noqa: ARG005
    emit("ready")
    reader = gevent.spawn(relay, runner)
    gevent.wait([reader, gevent.spawn(runner.greenlet.join)], count=1)
    emit("end")
    environment.events.quitting.fire(environment=environment)
    gevent.sleep(FLUSH_SECONDS)


def relay(runner: Any) -> None:
    """Send to the master what is to be sent, until the end of stdin."""
    for command in commands():
        runner.send_message(MESSAGE, command["data"])


def commands() -> Any:
    """Yield each command; while none comes, Locust's greenlets run."""
    with FileObject(0, "rb", closefd=False) as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    main()
