"""Measurements: each writes JSON, which the report and the gate read."""
