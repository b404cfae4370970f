"""The demo: the pipeline, the edge, and one page to see them at work on."""
