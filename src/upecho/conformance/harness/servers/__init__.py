"""The server that is checked: its process, its end and what it writes to stderr."""
