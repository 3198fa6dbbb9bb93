"""Runs the suite: selects checks, divides them among worker processes and collects the outcomes."""
