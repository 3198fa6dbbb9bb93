"""One load from several machines: a master divides it among workers and merges exactly what they have measured.

Theory of operation. The master and each worker are ordinary upecho processes. Locust connects them: it carries their
messages, and its heartbeats show who is still there. Importing Locust replaces much of the standard library by that of
gevent, so Locust runs in a child process of its own (``locust_process``), which only relays. The load comes from
upecho's native engine, in another child process of the worker. Locust creates no users here and times nothing: its own
statistics are kept in milliseconds and in buckets that lose digits.

1. A worker introduces itself (``Hello``) in every report that Locust sends, from the first one on. A report without an
   introduction comes from a plain worker of Locust. The master refuses it, like a worker of another version.
2. The master welcomes the others. When enough have come, it sends each of them its part of the load (``Order``).
3. Each worker sends one ``Result`` with counts and full histograms. The master keeps the first one of each worker, so
   nothing is counted twice, and merges counts instead of percentiles. If a worker is lost, its requests are missing.

Every step has a time limit, and both sides watch the heartbeats of the other.
"""
