"""The servers: one short module per I/O model, written as one would write that model by hand.

``upecho.serving.contract`` documents what every server has to do.
"""
