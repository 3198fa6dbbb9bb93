"""Measuring: cells, blocks in interleaved rounds, their statistics and the results file."""
