"""Renders the figures of a run in formats of other projects, which show how they change over time."""
