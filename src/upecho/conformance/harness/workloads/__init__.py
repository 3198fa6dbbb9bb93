"""Work that checks repeat: clients that come and go, memory that must level off, amounts that fit a slow server."""
