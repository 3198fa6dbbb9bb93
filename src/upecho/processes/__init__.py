"""Child processes: start, observe and stop them, and never leave one behind."""
