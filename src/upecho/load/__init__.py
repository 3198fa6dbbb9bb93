"""Load engines: clients that keep a server busy, verify every byte of every reply, and measure the time it takes.

The interface of an engine is ``run(address, plan, meter) -> LoadResult``; each result names its engine.
"""
