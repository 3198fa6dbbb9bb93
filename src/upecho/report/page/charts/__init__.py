"""The charts of a page, in Vega-Lite, and the data that they draw."""
