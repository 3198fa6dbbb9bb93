"""What every other package uses: errors, timeouts, files and decoding. Knows nothing of servers."""
