"""What only Linux shows of other processes and can do to them. Elsewhere nothing is shown, and nothing happens."""
