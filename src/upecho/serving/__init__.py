"""Running one implementation in this process: its name, the listener, the settings and the stop.

This package imports only the standard library, so that a measurement shows the implementation and nothing else. What a
server process needs is held in named tuples: the module ``dataclasses``, with ``inspect`` which it imports, would take
a quarter of the time in which a server starts.
"""
