"""A report as one page: files are turned into a model of everything that the page shows, and the model into text.

Theory of operation
===================

``model`` describes the page as plain data, in the units in which it is shown. ``building`` makes a model from results
and verdicts; every figure, interval and group in it comes from ``upecho.measure.statistics``. A renderer takes the
model and nothing else, so what a page, a text or a terminal shows is the same, and tests assert on the model.

A new quantity takes one entry in each of these places, and tables, tooltips and data of charts follow:

1. a field of ``model.Measured``, in the unit in which it is shown;
2. a line in ``runs._line``, which fills it from the figures of a cell;
3. a line in ``quantities.QUANTITIES``: its name, the head of its column, and where it is due;
4. only if it has a chart of its own: an entry in ``charts.specs`` and in ``texts.CAPTIONS``, and its name where
   it belongs in ``html.document`` and ``markdown.document``.

``charts`` describes the charts in Vega-Lite, ``rows`` makes their data, and ``columns`` the texts of tables, for all
renderers. ``html`` writes tables that need no scripts; the scripts that draw the charts are part of the page, so that
it works from disk and without a network. ``markdown`` writes a page for the front of a repository, whose charts
``drawing`` has drawn as SVG. ``text`` lays out the model for a terminal; it needs neither charts nor their packages.
"""
