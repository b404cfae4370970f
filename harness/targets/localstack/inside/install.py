"""Puts the rig's changes into the LocalStack that is starting."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Final

from harness.targets.localstack.inside import environments, events, limits, report, timestamps
from harness.targets.localstack.inside.seams import SeamMovedError

_log = logging.getLogger(__name__)

OPTIONAL: Final[Mapping[str, Callable[[], None]]] = {
    "timestamps": timestamps.write_dated_lines,
    "failed-starts": report.log_failed_starts,
    "events": events.send_as_aws_does,
    "image-pulls": limits.pull_only_what_is_missing,
}
"""Without one of these LocalStack is of use all the same; scenarios that need it are skipped."""


def install() -> None:
    """Hold, measure and retry functions as Lambda does, or raise: LocalStack then lists its script as failed.

    An optional repair that this LocalStack does not take is left out, and each function's container says so.
    """
    missing: list[str] = []
    limits.hold_functions(shape_cpu=os.environ.get("THUMBRIG_CPU") == "lambda", missing_repairs=missing)
    environments.follow_environments()
    for name, repair in OPTIONAL.items():
        try:
            repair()
        except SeamMovedError as exc:
            _log.warning("without the repair %s: %s", name, exc)
            missing.append(name)
