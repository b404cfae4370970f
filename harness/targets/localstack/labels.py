"""The labels by which the rig knows the containers that LocalStack starts for it."""

from __future__ import annotations

from typing import Final

FUNCTION: Final = "thumbrig.function"
"""The name of the function that a container was started for."""

VARIABLE: Final = "THUMBRIG_LABELS"
"""The variable that tells LocalStack, in JSON, the labels of the run that it belongs to."""
