"""What several servers have in common, so that each of them shows only what is its own."""
