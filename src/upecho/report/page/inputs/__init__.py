"""Reads the files that a page is made from."""
