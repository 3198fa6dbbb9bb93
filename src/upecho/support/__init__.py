"""Helpers that every other package may use: errors, timeouts, text, files, decoding. Knows nothing about servers."""
