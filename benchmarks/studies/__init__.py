"""Measurements for the project's own documents."""
