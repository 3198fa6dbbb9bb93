"""The method itself is tested: real servers of which it is known what is to be found. Takes many minutes.

``tox -e method`` runs them; an ordinary ``pytest`` leaves this directory out.
"""
