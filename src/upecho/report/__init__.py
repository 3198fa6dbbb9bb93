"""Renderers: results in, text out. They measure nothing and read no clock."""
