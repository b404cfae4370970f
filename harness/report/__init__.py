"""Reports: they read what was measured and judged, and never measure."""
