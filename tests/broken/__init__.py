"""Broken servers, each wrong in one way, which the conformance suite must catch.

``kills.py`` says which checks catch which. Those made of a ``serve`` function use ``threaded`` for everything but
their fault; those that are wrong about addresses are programs of their own.
"""
