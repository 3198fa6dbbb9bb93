"""Correct servers of every legal shape, which the conformance suite must not accuse of anything.

``programs.py`` contains programs in Python, each a function whose docstring states what is unusual about it and legal.
Everything else comes from ``loop.py``, which does not use upecho's code. ``echo.c``, ``echo.js`` and ``echo.pl`` are
complete servers in other languages. ``servers.py`` lists them all, together with programs wrapped in other programs.

``python -m tests.right.repeat 20`` checks all of them and all built-in servers twenty times, and prints each verdict
that accuses one.
"""
