"""The report of a sweep: reads `results.json`, writes a page and plots; it never measures."""
