"""Settings in, outcomes out: what the cache has not is done by the workers, and kept at once."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.tuning.outcome import Outcome
from benchmarks.tuning.setting import encode
from benchmarks.tuning.trial import Job, Trial, TrialFailedError, measure
from benchmarks.tuning.workers import WorkersLostError
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    from benchmarks.tuning.cache import TrialCache
    from benchmarks.tuning.samples import Sample
    from benchmarks.tuning.setting import Setting
    from benchmarks.tuning.workers import Workers

# Today's setting is timed once for so many others.
_SETTINGS_A_JOB: Final = 6
_ATTEMPTS: Final = 4
_LOOK_SECONDS: Final = 15.0


class EncoderRefusedError(ThumbrigError):
    """Raised when an encoder does not take a setting that the search tried."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(
            f"expected a thumbnail of every setting, got: {reason}; install the pinned libraries"
        )


@dataclass(frozen=True, kw_only=True)
class Task:
    """A job, with the names under which its trials are kept."""

    job: Job
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Tries settings on pictures; `progress` is told of a stage, of how many trials, and as they are done."""

    workers: Workers
    cache: TrialCache
    today: Setting
    progress: Callable[[str, int, Iterator[int]], None]
    made: list[int] = field(default_factory=list)

    def evaluate(
        self, settings: Sequence[Setting], samples: Sequence[Sample], *, stage: str, rounds: int
    ) -> list[Outcome]:
        """Give an outcome for each setting, in their order."""
        keys = {
            (setting, sample.name): self._key(setting, sample, rounds)
            for setting in settings
            for sample in samples
        }
        known = {key: trial for key in keys.values() if (trial := self.cache.read(key))}
        tasks = self._tasks(settings, samples, keys, known, rounds)
        self._run(tasks, stage, known)
        return [
            Outcome(
                setting=setting,
                trials={sample.name: known[keys[setting, sample.name]] for sample in samples},
            )
            for setting in settings
        ]

    def thumbnail(self, setting: Setting, sample: Sample) -> bytes:
        """Give the file that a setting makes of a picture."""
        return self.cache.file(
            self._key(setting, sample, 0), lambda: encode(setting, sample.pixels(setting.kernel))
        )

    def _key(self, setting: Setting, sample: Sample, rounds: int) -> str:
        return self.cache.key(
            sample.lossless(), sample.pixels(setting.kernel), setting, today=self.today, rounds=rounds
        )

    def _tasks(
        self,
        settings: Sequence[Setting],
        samples: Sequence[Sample],
        keys: dict[tuple[Setting, str], str],
        known: dict[str, Trial],
        rounds: int,
    ) -> list[Task]:
        tasks = []
        for sample in samples:
            missing = [setting for setting in settings if keys[setting, sample.name] not in known]
            tasks += [
                self._task(batch, sample, [keys[setting, sample.name] for setting in batch], rounds)
                for batch in _batches(missing)
            ]
        return tasks

    def _task(self, batch: Sequence[Setting], sample: Sample, keys: Sequence[str], rounds: int) -> Task:
        return Task(
            keys=tuple(keys),
            job=Job(
                lossless=sample.lossless(),
                pixels=sample.pixels(batch[0].kernel),
                encodings=tuple(setting.encoding for setting in batch),
                today_pixels=sample.pixels(self.today.kernel),
                today=self.today.encoding,
                rounds=rounds,
            ),
        )

    def _run(self, tasks: list[Task], stage: str, known: dict[str, Trial]) -> None:
        """Do what is not known, and put it there; a crew that broke is replaced and does what is left."""

        def done() -> Iterator[int]:
            for _ in range(_ATTEMPTS):
                left = [task for task in tasks if not all(key in known for key in task.keys)]
                try:
                    with self.workers.executor() as executor:
                        yield from self._completed(executor, left, known)
                except BrokenExecutor:
                    continue
                return
            raise WorkersLostError(f"{_ATTEMPTS} times one ended in the middle of a trial")

        if tasks:
            self.progress(stage, sum(len(task.keys) for task in tasks), done())

    def _completed(self, executor: Executor, tasks: Iterable[Task], known: dict[str, Trial]) -> Iterator[int]:
        waiting: dict[Future[list[Trial]], Task] = {
            executor.submit(measure, task.job): task for task in tasks
        }
        while waiting:
            finished, _ = wait(waiting, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            if not finished:
                self.workers.require_some()
            for future in finished:
                task = waiting.pop(future)
                for key, trial in zip(task.keys, _result(future), strict=True):
                    self.cache.write(key, trial)
                    known[key] = trial
                self.made.append(len(task.keys))
                yield len(task.keys)


def _result(future: Future[list[Trial]]) -> list[Trial]:
    try:
        return future.result()
    except TrialFailedError as exc:
        raise EncoderRefusedError(exc) from exc
    except CancelledError as exc:
        raise WorkersLostError("the scheduler ended") from exc
    except BrokenExecutor:
        raise
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
