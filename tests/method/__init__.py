"""Tests of the method itself: real servers with known differences are measured. They take many minutes.

``tox -e method`` runs them; a plain ``pytest`` does not collect this directory.
"""
