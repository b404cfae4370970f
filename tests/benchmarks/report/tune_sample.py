"""A small sweep: three settings, two photos and one fixture of the rest."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from benchmarks.tuning.aim import Savings
from benchmarks.tuning.results import Candidate, ComparedPhoto, PictureTrial, TunedOn, TuneResults, write

_FILES = ("today.webp", "pick.webp", "lossless.png")
TODAY, PICK, SLOW = "webp q85 e6", "webp q76 e5 sharp_yuv preset=text", "avif q60 e6 tune=ssim"


def tune_sample() -> TuneResults:
    """What a run found: the pick has a fifth fewer bytes, and is worse at one picture."""
    photos = ("day & <night>.jpg", "face.jpg")
    return TuneResults(
        environment=TunedOn(
            date="2026-01-02", machine="a <machine>", workers=2, versions={"Pillow": "13.0.0"}
        ),
        aim="bytes",
        aim_text="fewest bytes at no less quality and no more encode CPU than today's setting",
        formats=["webp", "avif"],
        today=TODAY,
        pick=PICK,
        best={"webp": PICK, "avif": SLOW},
        more_cpu=[SLOW],
        saved=Savings(
            views=1000,
            uploads=10,
            memory_mb=512,
            bytes_per_thumbnail=1000,
            percent=20,
            cpu_ms_per_thumbnail=2,
            delivery_usd_a_month=0.5,
            lambda_usd_a_month=0.001,
        ),
        forecast="red (bytes -20.0 %, mean score +1.0): the score falls by more than 1 for face.jpg",
        candidates=[
            _candidate(SLOW, 3500, (63, 65), 8.0, photos, on_front=True),
            _candidate(PICK, 4000, (66, 64), 0.6, photos, on_front=True),
            _candidate(TODAY, 5000, (61, 67), 1.0, photos),
            _candidate("webp q20 e0", 1000, (20, 20), 0.2, photos, on_front=True),
        ],
        rest=[
            _candidate(TODAY, 900, (90,), 1.0, ("alpha.png",)),
            _candidate(PICK, 1000, (91,), 0.6, ("alpha.png",)),
        ],
        photos=[
            ComparedPhoto(
                name=name,
                trait="a <test> picture",
                tuned_for=name in photos,
                today_file=f"{number}.today.webp",
                pick_file=f"{number}.pick.webp",
                lossless_file=f"{number}.lossless.png",
            )
            for number, name in enumerate((*photos, "alpha.png"))
        ],
    )


def store(sample: TuneResults, folder: Path) -> Path:
    """Write the results and the files that they name."""
    folder.mkdir(parents=True)
    for number in range(len(sample.photos)):
        for ending in _FILES:
            Image.new("RGBA", (150, 150), (200, 90, 40, 128)).save(folder / f"{number}.{ending}")
    write(sample, folder / "results.json")
    return folder / "results.json"


def _candidate(  # noqa: PLR0913  each is a figure of it
    label: str,
    mean_bytes: float,
    scores: tuple[float, ...],
    cpu: float,
    names: tuple[str, ...],
    *,
    on_front: bool = False,
) -> Candidate:
    return Candidate(
        label=label,
        variables={"format": label.split(maxsplit=1)[0], "quality": "76", "effort": "5"},
        mean_bytes=mean_bytes,
        mean_ssimulacra2=sum(scores) / len(scores),
        mean_cpu_ms=6 * cpu,
        cpu_ratio=cpu,
        on_front=on_front,
        trials=[
            PictureTrial(
                picture=name, size_bytes=int(mean_bytes), ssimulacra2=score, cpu_ms=6 * cpu, cpu_ratio=cpu
            )
            for name, score in zip(names, scores, strict=True)
        ],
    )
