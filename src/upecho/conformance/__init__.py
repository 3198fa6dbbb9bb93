"""The conformance suite: whether a server behaves, one check at a time. A pytest suite and its plugin.

``upecho check TARGET`` is the comfortable way in; ``pytest --pyargs upecho.conformance --target T --family F`` is the
same suite under pytest's own options.

A check is a test function marked with ``check``. Its name is its id, its docstring is the requirement and then the
source. Checks see the server through a ``Client``, which compares every byte and tells the ends of a connection apart;
those marked ``process=True`` also start, watch and stop it.
"""
