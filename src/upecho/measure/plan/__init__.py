"""What a run is to measure: cells, scenarios, interpreters and settings, as read from the command line."""
