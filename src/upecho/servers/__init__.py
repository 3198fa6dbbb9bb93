"""One module per I/O model.

The contract that every server keeps is documented in ``upecho.serving.contract``.
"""
