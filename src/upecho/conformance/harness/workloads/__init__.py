"""Work that checks repeat: clients that come and go, a flood, memory that levels off, amounts for a slow server."""
