"""Loading an implementation or an event loop by its name, and what is wrong with one that cannot be loaded."""
