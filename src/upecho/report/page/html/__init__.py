"""Writes the model of a page as one HTML file."""
