"""Runs the suite: selects the checks, distributes them over worker processes, collects the outcomes."""
