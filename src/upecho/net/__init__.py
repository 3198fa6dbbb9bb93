"""Addresses and the client side of a connection."""
