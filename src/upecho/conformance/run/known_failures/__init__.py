"""Known failures: what a target is known to fail, and the files that say so."""
