"""The named settings of the encoder: what each variable is where the environment leaves it open.

THUMBNAIL_PROFILE chooses one. A name here is that of a variable without its THUMBNAIL_, in lower case, and
the values are written and checked as in the environment. Python rather than TOML, whose parser would take
8 ms of a cold start. `nox -s tune -- --apply` writes this file anew; so does a person.
"""

from __future__ import annotations

REFERENCE = "reference"

PROFILES: dict[str, dict[str, str]] = {
    # The contract's own; a change here changes what every deployed function writes.
    "reference": {"format": "webp", "quality": "85", "effort": "6"},
    "tuned": {
        "format": "webp",
        "quality": "76",
        "effort": "5",
        "kernel": "cubic",
        "sharp_yuv": "true",
        "preset": "text",
    },
}
