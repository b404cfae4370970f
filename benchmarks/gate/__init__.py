"""The gate: whether thumbnails got bigger, uglier or hungrier than the baseline, and why.

`observe` measures, `compare` and `changes` decide (pure functions), the rest prints or stores.
"""
