"""The commands that measure: bench, gate and tune."""
