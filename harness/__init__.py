"""The test rig: where a thumbnail pipeline runs, and what watches it run."""
