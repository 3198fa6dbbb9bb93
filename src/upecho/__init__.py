"""upecho: the neutral referee for Python socket servers."""

__version__ = "0.1.0"
