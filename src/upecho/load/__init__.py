"""Load engines: clients that keep a server busy, verify every byte it answers, and tell how long it took.

The seam is ``run(address, plan, meter) -> LoadResult``; each result names the engine that made it.
"""
