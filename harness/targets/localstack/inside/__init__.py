"""What runs inside LocalStack's own process: limits, measurements and repairs that it has no setting for.

docker-compose.yml mounts the rig's `harness` there; LocalStack runs `start.py` as it starts. Here only
Python's own library, LocalStack's packages and those modules of the rig may be imported that need no more.
"""

from __future__ import annotations

from typing import Final

FUNCTION_LABEL: Final = "thumbrig.function"
"""On a container that LocalStack started: the name of its function."""

MISSING_REPAIRS_LABEL: Final = "thumbrig.missing-repairs"
"""On such a container: which of the optional repairs this LocalStack does not have, separated by commas."""

LABELS_VARIABLE: Final = "THUMBRIG_LABELS"
"""The variable that has, in JSON, the labels of the run that LocalStack belongs to."""
