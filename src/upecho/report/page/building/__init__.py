"""Makes the model of a page from the content of files."""
