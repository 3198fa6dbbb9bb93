"""What checks are written with: a verified connection, the server under test, and violations."""
