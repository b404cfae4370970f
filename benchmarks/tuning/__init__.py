"""The search for encoder settings: a sweep over pictures, the front of what is best, and a pick from it."""
