"""The log: one JSON object a line, which CloudWatch finds fields in."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Level = Literal["info", "warning", "error"]


def write(level: Level, message: str, **fields: str | float | Mapping[str, object]) -> None:
    """Write one line; the runtime passes the standard output on to the log."""
    # Not print: a line and its end in one write cannot be torn apart.
    sys.stdout.write(json.dumps({"level": level, "message": message, **fields}) + "\n")
    sys.stdout.flush()
