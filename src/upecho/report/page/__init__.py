"""A report as one page: files are turned into a model of everything that the page shows, and the model into text.

Theory of operation
===================

``model`` describes the page as plain data, in the units in which it is shown. ``building`` makes a model from results
and verdicts; every figure, interval and group in it comes from ``upecho.measure.statistics``. A renderer takes the
model and nothing else, so what a page, a text or a terminal shows is the same, and tests assert on the model.

``charts`` describes the charts in Vega-Lite, ``rows`` makes their data, and ``columns`` the texts of tables, for all
renderers. ``html`` writes tables that need no scripts; the scripts that draw the charts are part of the page, so that
it works from disk and without a network. ``markdown`` writes a page for the front of a repository, whose charts
``drawing`` has drawn as SVG. ``text`` lays out the model for a terminal; it needs neither charts nor their packages.
"""
