"""The search for encoder settings: a sweep over pictures, the best trade-offs, and a pick among them."""
