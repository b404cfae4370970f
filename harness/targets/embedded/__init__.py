"""MiniStack from PyPI as the AWS endpoint, and the rig's own sandbox behind its Lambda."""
