"""Code that several servers share, so that each module shows only what is specific to its I/O model."""
