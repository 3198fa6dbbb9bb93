"""What checks are written with: clients that verify every byte, the server that is checked, and violations."""
