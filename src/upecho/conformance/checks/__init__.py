"""The checks: one module for each topic, one function for each check."""
