"""The same scenarios on several targets, side by side."""
