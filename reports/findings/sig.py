"""A handler that the program has installed for SIGINT before it starts the loop."""
import asyncio, importlib, os, signal, sys
m, a = sys.argv[1].split(":"); factory = getattr(importlib.import_module(m), a)
got = []; signal.signal(signal.SIGINT, lambda *x: got.append(x[0]))
async def main():
    print("handler while the loop runs is still ours:", "lambda" in repr(signal.getsignal(signal.SIGINT)))
    os.kill(os.getpid(), signal.SIGINT); await asyncio.sleep(0.2); print("received by our handler:", got)
with asyncio.Runner(loop_factory=factory) as r: r.run(main())
