"""Counting the instructions that a server executes: the same interface for the kernel's counters and for Callgrind."""
