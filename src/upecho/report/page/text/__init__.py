"""Lays out the model of a page as text for a terminal."""
