"""A callback raises an exception, and an exception handler has been set.

Usage: python exception-handler-arguments.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import sys

calls = []


def fail():
    raise ValueError


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *arguments: calls.append([type(one).__name__ for one in arguments]))
    loop.call_soon(fail)
    await asyncio.sleep(0.5)
    return [[type(loop).__name__, "dict"]]


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    expected = runner.run(main())
print("expected: calls of the handler with", expected)
print("seen: calls of the handler with", calls)
sys.exit(calls != expected)
