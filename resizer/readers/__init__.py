"""What reads the header of each format: one module a format, each with a function `read`."""
