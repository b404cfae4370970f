"""Measures the contenders under Lambda's limits."""
