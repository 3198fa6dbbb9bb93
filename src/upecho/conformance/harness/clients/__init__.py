"""Clients of the server that is checked: they compare every byte and bound every wait."""
