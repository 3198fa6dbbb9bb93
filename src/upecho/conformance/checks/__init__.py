"""The conformance suite itself: one pytest module per topic, one test function per check."""
