"""The readers of headers: one module a format, each with a function `read`.

They are written by hand because a picture is refused before anything is decoded. Pillow cannot give a header
alone for every format, and libvips opens a file lazily, but not safely.
"""
