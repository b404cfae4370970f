"""Settings in, trials out: the workers do what the cache does not have, and each trial is kept at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from benchmarks.bench.plan import BenchPicture
from benchmarks.tuning.aim import TriedSetting
from benchmarks.tuning.cache import TrialCache
from benchmarks.tuning.pictures import lossless_pixels, pixels_to_encode
from benchmarks.tuning.setting import Setting, encode
from benchmarks.tuning.trial import Job, Trial, TrialFailedError, measure
from benchmarks.tuning.workers import Workers, WorkersLostError
from harness.errors import ThumbrigError

# Today's setting is timed once for so many others.
_SETTINGS_A_JOB: Final = 6
_LOOK_SECONDS: Final = 15.0


class EncoderRefusedError(ThumbrigError):
    """Raised when an encoder does not take a setting that the search tried."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(
            f"expected a thumbnail of every setting, got: {reason}; install the pinned libraries"
        )


@dataclass(frozen=True, kw_only=True)
class TuningSweep:
    """Tries settings on pictures; `progress` is called with a stage, its number of trials, and those done."""

    workers: Workers
    cache: TrialCache
    today: Setting
    progress: Callable[[str, int, Iterator[int]], None]

    def evaluate(
        self, settings: Sequence[Setting], pictures: Sequence[BenchPicture], *, stage: str, rounds: int
    ) -> list[TriedSetting]:
        """Try each setting on all pictures; the result is in their order."""
        keys = {
            (setting, picture.name): self._key(setting, picture, rounds)
            for setting in settings
            for picture in pictures
        }
        known = {key: trial for key in keys.values() if (trial := self.cache.read(key))}
        jobs = [
            (self._job(batch, picture, rounds), [keys[setting, picture.name] for setting in batch])
            for picture in pictures
            for batch in _batches([one for one in settings if keys[one, picture.name] not in known])
        ]
        if jobs:
            # Whatever ends the stage, its jobs are cancelled before the workers go.
            with closing(self._done(jobs, known)) as done:
                self.progress(stage, sum(len(names) for _, names in jobs), done)
        return [
            TriedSetting(
                setting=setting,
                trials={picture.name: known[keys[setting, picture.name]] for picture in pictures},
            )
            for setting in settings
        ]

    def thumbnail(self, setting: Setting, picture: BenchPicture) -> bytes:
        """Return the file that a setting makes of a picture."""
        pixels = pixels_to_encode(picture, setting.kernel)
        return self.cache.file(self._key(setting, picture, 0), lambda: encode(setting, pixels))

    def _key(self, setting: Setting, picture: BenchPicture, rounds: int) -> str:
        pixels = lossless_pixels(picture), pixels_to_encode(picture, setting.kernel)
        return self.cache.key(*pixels, setting, today=self.today, rounds=rounds)

    def _job(self, batch: Sequence[Setting], picture: BenchPicture, rounds: int) -> Job:
        return Job(
            lossless=lossless_pixels(picture),
            pixels=pixels_to_encode(picture, batch[0].kernel),
            encodings=tuple(setting.encoding for setting in batch),
            today_pixels=pixels_to_encode(picture, self.today.kernel),
            today=self.today.encoding,
            rounds=rounds,
        )

    def _done(self, jobs: Sequence[tuple[Job, list[str]]], known: dict[str, Trial]) -> Generator[int]:
        """Do the jobs, add their trials to `known`, and yield how many trials each job had."""
        with self.workers.executor() as executor:
            waiting = {executor.submit(measure, job): keys for job, keys in jobs}
            while waiting:
                finished, _ = wait(waiting, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
                if not finished:
                    self.workers.require_some()
                for future in finished:
                    keys = waiting.pop(future)
                    for key, trial in zip(keys, _result(future), strict=True):
                        self.cache.write(key, trial)
                        known[key] = trial
                    yield len(keys)


def _result(future: Future[list[Trial]]) -> list[Trial]:
    try:
        return future.result()
    except TrialFailedError as exc:
        raise EncoderRefusedError(exc) from exc
    except CancelledError as exc:
        raise WorkersLostError("the scheduler ended") from exc
    except Exception as exc:
        # Dask's own, which cannot be named without importing it: a trial that several workers ended at.
        if type(exc).__name__ == "KilledWorker":
            raise WorkersLostError("several ended at the same trial") from exc
        raise


def _batches(settings: Sequence[Setting]) -> Iterator[list[Setting]]:
    """Put settings of one kernel together: they share their pixels."""
    by_kernel: dict[str, list[Setting]] = defaultdict(list)
    for setting in settings:
        by_kernel[setting.kernel].append(setting)
    for alike in by_kernel.values():
        for start in range(0, len(alike), _SETTINGS_A_JOB):
            yield alike[start : start + _SETTINGS_A_JOB]
