"""Renders conformance outcomes for a terminal."""
