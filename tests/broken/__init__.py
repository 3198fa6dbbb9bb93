"""Broken servers, each with one defect that the conformance suite must find.

``kills.py`` lists them with the checks that must catch each one, ``recorded.json`` contains what else they fail, and
``page.py`` generates ``docs/checks.md`` from both. ``record.py`` renews the record and the page.

A module ``wrong_TOPIC.py`` contains the servers with defects of one kind. Each server is a function whose docstring
states the defect. Everything but the defect comes from ``threads.py`` (one thread per connection), ``poll_loop.py``
(one thread for all clients) or upecho's own servers. ``late_failures.py`` is not part of the kill matrix: its servers
test the measurement.
"""
