"""The program installs a handler for SIGINT, then SIGINT arrives while the loop runs.

Usage: python sigint-handler.py [module:factory]
"""

import asyncio
import os
import pkgutil
import signal
import sys

received = []


async def main():
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(1)


signal.alarm(30)  # ends the process if the loop hangs
signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
seen = "the handler is called"
try:
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
except KeyboardInterrupt:
    seen = "KeyboardInterrupt is raised"
if not received:
    seen += ", and the handler is not called"
print("expected: the handler is called")
print("seen:", seen)
sys.exit(seen != "the handler is called")
