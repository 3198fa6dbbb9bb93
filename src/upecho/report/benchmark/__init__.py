"""Renders benchmark results and comparisons for a terminal."""
