"""What a page shows, as plain data that every format is made from."""
