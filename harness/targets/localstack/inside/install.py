"""Puts the rig's changes into the LocalStack that is starting."""

from __future__ import annotations

import os

from harness.targets.localstack.inside import environments, events, failed_starts, images, limits, logs


def install() -> None:
    """Change everything, or raise: LocalStack then lists its start-up script as failed."""
    limits.hold_functions(shape_cpu=os.environ.get("THUMBRIG_CPU") == "lambda")
    environments.follow_environments()
    failed_starts.tell_of_failed_starts()
    logs.write_dated_lines()
    events.send_as_aws_does()
    images.pull_only_what_is_missing()
