"""The invalidations of a distribution, the limits that CloudFront sets them, and the edge's clock.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.cdn.rules.paths import invalidation_problem, is_wildcard
from harness.errors import ThumbrigError

_MOST_PATHS: Final = 3_000
_MOST_WILDCARDS: Final = 15
_ID_CHARACTERS: Final = string.ascii_uppercase + string.digits


class RefusedError(ThumbrigError):
    """Raised when CloudFront would refuse a request, with the status and the code of its answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, kw_only=True)
class InvalidationRecord:
    """One accepted batch of paths."""

    id: str
    caller_reference: str
    paths: tuple[str, ...]
    created: float


class Clock:
    """The edge's time: the machine's monotonic time, ahead by what tests have advanced it."""

    def __init__(self) -> None:
        self._started = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._started + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move the time forward at once."""
        self._started += seconds


class Ledger:
    """All invalidations, the newest last, each in progress for `progress_seconds`."""

    def __init__(self, *, progress_seconds: float) -> None:
        self._progress_seconds = progress_seconds
        self._by_id: dict[str, InvalidationRecord] = {}

    def accept(self, paths: Sequence[str], reference: str, *, now: float) -> tuple[InvalidationRecord, bool]:
        """Enter a batch; return its record, and whether it is new; raises RefusedError.

        The same batch with the same reference is the same invalidation.
        """
        if not reference:
            raise RefusedError(400, "InvalidArgument", "CallerReference must not be empty.")
        for earlier in self._by_id.values():
            if earlier.caller_reference == reference:
                if sorted(earlier.paths) == sorted(paths):
                    return earlier, False
                raise RefusedError(
                    400,
                    "InvalidArgument",
                    "Your request contains a caller reference that was used for a previous invalidation "
                    "batch for the same distribution.",
                )
        self._check(paths, now=now)
        record = InvalidationRecord(
            id="I" + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(25)),
            caller_reference=reference,
            paths=tuple(paths),
            created=now,
        )
        self._by_id[record.id] = record
        return record, True

    def forget(self, record: InvalidationRecord) -> None:
        """Remove a batch that the target has refused."""
        del self._by_id[record.id]

    @property
    def accepted_paths(self) -> int:
        """The number of paths in all batches; AWS charges by the path."""
        return sum(len(record.paths) for record in self._by_id.values())

    def find(self, invalidation_id: str) -> InvalidationRecord:
        """Return the invalidation with this id; raises RefusedError."""
        if invalidation_id not in self._by_id:
            raise RefusedError(404, "NoSuchInvalidation", "The specified invalidation does not exist.")
        return self._by_id[invalidation_id]

    def newest_first(self) -> list[InvalidationRecord]:
        """Return all, in the order in which CloudFront lists them."""
        return list(reversed(self._by_id.values()))

    def status(self, record: InvalidationRecord, *, now: float) -> str:
        """Return the status in CloudFront's words."""
        return "InProgress" if now < record.created + self._progress_seconds else "Completed"

    def _check(self, paths: Sequence[str], *, now: float) -> None:
        if not paths:
            raise RefusedError(400, "InvalidArgument", "Your request contains no invalidation paths.")
        for path in paths:
            if problem := invalidation_problem(path):
                raise RefusedError(
                    400,
                    "InvalidArgument",
                    f"Your request contains one or more invalid invalidation paths. {path}: {problem}",
                )
        if len(paths) > _MOST_PATHS:
            raise RefusedError(413, "BatchTooLarge", f"A batch can have {_MOST_PATHS:,} paths at most.")
        active = [
            path
            for record in self._by_id.values()
            if self.status(record, now=now) == "InProgress"
            for path in record.paths
        ]
        wild = sum(map(is_wildcard, [*active, *paths]))
        if wild > _MOST_WILDCARDS or len(active) + len(paths) - wild > _MOST_PATHS:
            raise RefusedError(
                400,
                "TooManyInvalidationsInProgress",
                "Processing your request will cause you to exceed the maximum number of in-progress "
                f"invalidations: {_MOST_PATHS:,} paths, {_MOST_WILDCARDS} of them with a wildcard.",
            )
