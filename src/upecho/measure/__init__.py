"""Measurement: cells, trials in interleaved rounds, their statistics and the results file."""
