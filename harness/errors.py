"""What the rig raises on purpose."""


class ThumbrigError(Exception):
    """The base of every error that the rig raises on purpose; its text is one line for a person."""
