"""What ``upecho check`` does beside the conformance suite: its files, its notes and the course of a run."""
