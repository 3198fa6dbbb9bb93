"""What ``upecho bench`` does: options, the plan of a run, and its course."""
