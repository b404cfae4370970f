"""The gate: whether thumbnails got bigger, uglier or hungrier than the baseline, and why.

`observe` measures, `compare` decides (pure functions), `reports` prints, `accept` and `baseline` keep.
"""
