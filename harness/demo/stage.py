"""What the demo plays on: a deployment, the application's side of it, and the edge in front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.application.application import Application
    from harness.cdn.edge import Edge
    from harness.deployment import Deployment
    from harness.observe.viewer import Browser


@dataclass(frozen=True, kw_only=True)
class Stage:
    """All that a photo needs; `remembered_seconds` is for how long the edge remembers an error."""

    deployment: Deployment
    application: Application
    edge: Edge
    browser: Browser
    remembered_seconds: float
