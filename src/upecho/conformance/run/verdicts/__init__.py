"""Verdicts: from the end of a test function to the outcome of a check, and why it did not pass."""
