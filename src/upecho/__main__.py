"""``python -m upecho`` is the ``upecho`` command."""

from upecho.cli import main

main()
