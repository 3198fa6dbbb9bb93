"""Running one implementation in this process: its name, the listener, the settings and the stop.

This package imports only the standard library, so that a measurement shows the implementation and nothing else.
"""
