"""Writes the model of a page as Markdown, with charts in SVG beside it."""
