"""What each scenario uploaded and got, for the table at the end of a run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from harness.application import Thumbnail, Upload
from harness.cdn.edge import Edge
from harness.deployment import Deployment
from harness.observe.outcome import DeployedApplication


@dataclass(kw_only=True)
class ScenarioNotes:
    """One scenario, all its cases together."""

    outcomes: list[str] = field(default_factory=list)
    visible_seconds: list[float] = field(default_factory=list)
    bytes_in: int = 0
    bytes_out: int = 0


def scenario_name(item: pytest.Item) -> str:
    """Name a scenario by its feature and the sentence that its docstring starts with, whatever its case."""
    docstring = getattr(item, "obj", item).__doc__
    if not docstring:
        raise pytest.UsageError(
            f"{item.nodeid}: expected a docstring whose first line says what the scenario shows, got none"
        )
    return f"{item.path.parent.name}: {docstring.strip().splitlines()[0].removesuffix('.')}"


class Journal:
    """What is noted of each scenario, and the times that the run is held to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.scenarios: dict[str, ScenarioNotes] = {}
        self.first_thumbnail_seconds: float | None = None
        self.cold_seconds: list[float] = []
        self.warm_seconds: list[float] = []

    def notes(self, scenario: str) -> ScenarioNotes:
        """Return the scenario's notes, which are empty at first."""
        with self._lock:
            return self.scenarios.setdefault(scenario, ScenarioNotes())

    def seen(self, scenario: str, upload: Upload, thumbnail: Thumbnail) -> None:
        """Note that an upload became a thumbnail."""
        notes = self.notes(scenario)
        with self._lock:
            notes.visible_seconds.append(thumbnail.visible_seconds)
            notes.bytes_in += upload.original_bytes
            notes.bytes_out += len(thumbnail.data)
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


class ApplicationOf(Protocol):
    """What the fixture `application_of` gives."""

    def __call__(self, deployment: Deployment, *, edge: Edge | None = None) -> DeployedApplication:
        """Make the application's side of a pipeline, with the edge as its CDN."""
