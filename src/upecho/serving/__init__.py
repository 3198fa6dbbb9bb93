"""Runs one implementation in this process: names, settings, the listener and the stop.

This package imports only the standard library, so that what is measured is the implementation.
"""
