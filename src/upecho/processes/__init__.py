"""Child processes: starting and observing them, and making sure that none outlives upecho."""
