"""The Docker engine, and the images that functions run in."""
