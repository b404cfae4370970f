"""What became of an upload, and when."""
