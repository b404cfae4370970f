"""What each scenario uploaded and got: the rows of the table at the end of a run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from harness.observe.outcome import DeployedApplication

if TYPE_CHECKING:
    from harness.application import Thumbnail, Upload
    from harness.cdn.edge import Edge
    from harness.deployment import Deployment


@dataclass(kw_only=True)
class Row:
    """One scenario, all its pictures together."""

    outcomes: list[str] = field(default_factory=list)
    visible_seconds: list[float] = field(default_factory=list)
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def median_visible_seconds(self) -> float | None:
        """The median time from the start of an upload to its visible thumbnail."""
        return median(self.visible_seconds) if self.visible_seconds else None


def scenario_name(nodeid: str) -> str:
    """Name a scenario as a reader does: its feature and its claim, whatever the picture."""
    path, _, test = nodeid.partition("::")
    return f"{Path(path).parent.name}: {test.partition('[')[0].removeprefix('test_').replace('_', ' ')}"


class Journal:
    """The rows by scenario, and the times that the run is held to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.rows: dict[str, Row] = {}
        self.first_thumbnail_seconds: float | None = None
        self.cold_seconds: list[float] = []
        self.warm_seconds: list[float] = []

    def row(self, scenario: str) -> Row:
        """Give the scenario's row, a new one at its first run."""
        with self._lock:
            return self.rows.setdefault(scenario, Row())

    def outcome(self, scenario: str, outcome: str) -> None:
        """Note how a scenario ended."""
        self.row(scenario).outcomes.append(outcome)

    def seen(self, scenario: str, upload: Upload, thumbnail: Thumbnail) -> None:
        """Note that an upload became a thumbnail."""
        row = self.row(scenario)
        with self._lock:
            row.visible_seconds.append(thumbnail.visible_seconds)
            row.bytes_in += upload.original_bytes
            row.bytes_out += len(thumbnail.data)
            if self.first_thumbnail_seconds is None:
                self.first_thumbnail_seconds = upload.started_seconds + thumbnail.visible_seconds


class JournalingApplication(DeployedApplication):
    """The application, noting each thumbnail that it waited for."""

    def __init__(
        self, deployment: Deployment, journal: Journal, scenario: str, *, edge: Edge | None = None
    ) -> None:
        super().__init__(deployment, edge=edge)
        self._journal = journal
        self._scenario = scenario

    def wait_until_ready(self, upload: Upload, *, timeout_seconds: float = 20.0) -> Thumbnail:
        """Wait as the application does, then note the thumbnail."""
        thumbnail = super().wait_until_ready(upload, timeout_seconds=timeout_seconds)
        self._journal.seen(self._scenario, upload, thumbnail)
        return thumbnail
