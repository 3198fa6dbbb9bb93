"""Broken servers, each with one defect that the conformance suite must find.

``kills.py`` lists them with the checks that catch each one, ``check_groups.py`` names the sets of checks that several
rows share, and ``page.py`` generates ``docs/checks.md`` from both.

A module ``wrong_TOPIC.py`` contains the servers with defects of one kind. Each server is a function whose docstring
states the defect. Everything but the defect comes from ``threads.py`` (one thread per connection), ``poll_loop.py``
(one thread for all clients) or upecho's own servers. ``late_failures.py`` is not part of the kill matrix: its servers
test the measurement.
"""
