"""A report as one page: files are turned into a model of everything that the page shows, and the model into HTML.

Theory of operation
===================

``model`` describes the page as plain data, in the units in which it is shown. ``building`` makes a model from results
and verdicts; every figure, interval and group in it comes from ``upecho.measure.statistics``. A renderer takes the
model and nothing else, so what a page, a text or a terminal shows is the same, and tests assert on the model.

``html`` writes the tables, which need no scripts, and describes the charts in Vega-Lite. The scripts that draw them are
part of the page, so that it works from disk and without a network.
"""
