"""Invalidations of a distribution: which there were, what may be asked, and what they would cost.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
"""

from __future__ import annotations

import secrets
import string
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from harness.cdn.rules.paths import invalidation_problem, is_wildcard
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Sequence

FREE_PATHS_PER_MONTH: Final = 1_000
USD_PER_PATH: Final = 0.005
_MOST_PATHS: Final = 3_000
_MOST_WILDCARDS: Final = 15
_ID_CHARACTERS: Final = string.ascii_uppercase + string.digits


class RefusedError(ThumbrigError):
    """Raised when CloudFront would refuse a request; has the status and the code of its answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Invalidation:
    """One accepted batch of paths."""

    id: str
    caller_reference: str
    paths: tuple[str, ...]
    created: float


@dataclass(frozen=True, kw_only=True)
class Month:
    """The paths of one month and their price."""

    month: str
    paths: int

    @property
    def usd(self) -> float:
        """What they cost beyond those that are free."""
        return max(0, self.paths - FREE_PATHS_PER_MONTH) * USD_PER_PATH


class Ledger:
    """All invalidations, the newest last; each is in progress for `progress_seconds`."""

    def __init__(self, *, progress_seconds: float) -> None:
        self._progress_seconds = progress_seconds
        self._by_id: dict[str, Invalidation] = {}

    def accept(self, paths: Sequence[str], reference: str, *, now: float) -> tuple[Invalidation, bool]:
        """Enter a batch, and tell whether it is a new one; raises RefusedError with CloudFront's code.

        The same batch under the same reference is the invalidation that it was before.
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
        invalidation = Invalidation(
            id="I" + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(25)),
            caller_reference=reference,
            paths=tuple(paths),
            created=now,
        )
        self._by_id[invalidation.id] = invalidation
        return invalidation, True

    def forget(self, invalidation: Invalidation) -> None:
        """Take back a batch that was refused elsewhere."""
        del self._by_id[invalidation.id]

    def find(self, invalidation_id: str) -> Invalidation:
        """Give the invalidation of this id; raises RefusedError."""
        if invalidation_id not in self._by_id:
            raise RefusedError(404, "NoSuchInvalidation", "The specified invalidation does not exist.")
        return self._by_id[invalidation_id]

    def newest_first(self) -> list[Invalidation]:
        """Give all, in the order in which CloudFront lists them."""
        return list(reversed(self._by_id.values()))

    def status(self, invalidation: Invalidation, *, now: float) -> str:
        """Tell whether it is done."""
        return "InProgress" if now < invalidation.created + self._progress_seconds else "Completed"

    def months(self) -> list[Month]:
        """Give the paths of each month in which there were any; prices are by calendar month."""
        counted: Counter[str] = Counter()
        for invalidation in self._by_id.values():
            counted[f"{datetime.fromtimestamp(invalidation.created, UTC):%Y-%m}"] += len(invalidation.paths)
        return [Month(month=month, paths=paths) for month, paths in sorted(counted.items())]

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
            for invalidation in self._by_id.values()
            if self.status(invalidation, now=now) == "InProgress"
            for path in invalidation.paths
        ]
        wild = sum(map(is_wildcard, [*active, *paths]))
        if wild > _MOST_WILDCARDS or len(active) + len(paths) - wild > _MOST_PATHS:
            raise RefusedError(
                400,
                "TooManyInvalidationsInProgress",
                "Processing your request will cause you to exceed the maximum number of in-progress "
                f"invalidations: {_MOST_PATHS:,} paths, {_MOST_WILDCARDS} of them with a wildcard.",
            )
