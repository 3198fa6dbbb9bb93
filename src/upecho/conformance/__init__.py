"""The conformance suite: one check for each requirement of the protocol, and the means to run them.

``upecho check TARGET`` runs the suite. ``pytest --pyargs upecho.conformance --upecho-target TARGET`` runs the same
suite under pytest, with all of pytest's own options.

A check is a test function decorated with ``check``. The name of the function is the id of the check, and its docstring
contains the requirement and its source. A check talks to the server through a ``Client``, which compares every byte and
distinguishes the ways in which a connection can end. Checks declared with ``process=True`` also start, observe and stop
the server.

The checks and the harness do not depend on pytest; only ``plugin``, ``checks/conftest.py``, ``run/worker.py`` and
``run/verdicts/judging.py`` import it.
"""
