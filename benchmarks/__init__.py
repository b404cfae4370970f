"""Measurements: each writes JSON, which the reports and the gate read."""
