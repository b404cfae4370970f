"""What the environment may set, and the errors for everything else."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from resizer.errors import DestinationInsideSourceError, SettingsError
from resizer.formats import OutputFormat
from resizer.profiles import PROFILES
from resizer.settings import Settings
from resizer.switches import FORMATS, NONE, Kernel, Preset, Subsampling, Switches, Tune

_LEAST = {"BUCKET_NAME": "photos"}


def test_only_the_bucket_is_required() -> None:
    settings = Settings.from_env(_LEAST)

    assert settings == Settings(
        bucket_name="photos",
        source_prefix="members/profile/originals/",
        destination_prefix="members/profile/resized/thumbnail/",
        engine="auto",
        size=150,
        quality=85,
        effort=6,
        format=OutputFormat.WEBP,
        max_pixels=100_000_000,
    )


def test_every_setting_is_read() -> None:
    settings = Settings.from_env(
        {
            "BUCKET_NAME": "b",
            "SOURCE_PREFIX": "in/",
            "DESTINATION_PREFIX": "out/",
            "RESIZER_ENGINE": "vips",
            "THUMBNAIL_SIZE": "64",
            "THUMBNAIL_QUALITY": "50",
            "THUMBNAIL_EFFORT": "9",
            "THUMBNAIL_FORMAT": "avif",
            "MAX_PIXELS": "1000",
        }
    )

    assert settings == Settings(
        bucket_name="b",
        source_prefix="in/",
        destination_prefix="out/",
        engine="vips",
        size=64,
        quality=50,
        effort=9,
        format=OutputFormat.AVIF,
        max_pixels=1000,
    )


def test_the_reference_profile_is_the_contract_s_and_switches_nothing() -> None:
    settings = Settings.from_env(_LEAST | {"THUMBNAIL_PROFILE": "reference"})

    assert settings == Settings.from_env(_LEAST)
    assert (settings.format, settings.quality, settings.effort) == (OutputFormat.WEBP, 85, 6)
    assert (settings.switches, settings.kernel) == (NONE, Kernel.LANCZOS3)


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_profile_is_read(name: str) -> None:
    settings = Settings.from_env(_LEAST | {"THUMBNAIL_PROFILE": name})

    assert str(settings.quality) == PROFILES[name]["quality"]
    assert settings.encoding.switches == settings.switches


def test_a_variable_overrides_the_profile() -> None:
    tuned = Settings.from_env(_LEAST | {"THUMBNAIL_PROFILE": "tuned"})
    settings = Settings.from_env(_LEAST | {"THUMBNAIL_PROFILE": "tuned", "THUMBNAIL_QUALITY": "50"})

    assert settings == replace(tuned, quality=50)


def test_a_profile_for_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, "tuned", {"format": "webp", "sharp_yuv": "true"})

    with pytest.raises(SettingsError, match="no such switch for jpeg, only for webp"):
        Settings.from_env(_LEAST | {"THUMBNAIL_PROFILE": "tuned", "THUMBNAIL_FORMAT": "jpeg"})


def test_every_switch_is_read_from_the_environment() -> None:
    webp = {"THUMBNAIL_SHARP_YUV": "true", "THUMBNAIL_PRESET": "text", "THUMBNAIL_SNS_STRENGTH": "10"}
    webp |= {"THUMBNAIL_FILTER_STRENGTH": "5", "THUMBNAIL_FILTER_SHARPNESS": "6", "THUMBNAIL_PASSES": "2"}
    webp |= {"THUMBNAIL_ALPHA_QUALITY": "80"}
    avif = {"THUMBNAIL_FORMAT": "avif", "THUMBNAIL_SUBSAMPLING": "4:4:4", "THUMBNAIL_TUNE": "psnr"}
    jpeg = {"THUMBNAIL_FORMAT": "jpeg", "THUMBNAIL_PROGRESSIVE": "true", "THUMBNAIL_TRELLIS": "true"}
    jpeg |= {"THUMBNAIL_QUANT_TABLE": "3"}

    assert Settings.from_env(_LEAST | webp).switches == Switches(
        sharp_yuv=True,
        preset=Preset.TEXT,
        sns_strength=10,
        filter_strength=5,
        filter_sharpness=6,
        passes=2,
        alpha_quality=80,
    )
    assert Settings.from_env(_LEAST | avif).switches == Switches(subsampling=Subsampling.ALL, tune=Tune.PSNR)
    assert Settings.from_env(_LEAST | jpeg).switches == Switches(
        progressive=True, trellis=True, quant_table=3
    )


def test_every_switch_says_which_formats_have_it() -> None:
    assert FORMATS.keys() == {field.name for field in fields(Switches)}


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("BUCKET_NAME", "", "the name of a bucket"),
        ("SOURCE_PREFIX", "originals", "ends in '/'"),
        ("DESTINATION_PREFIX", "thumbnails", "ends in '/'"),
        ("RESIZER_ENGINE", "sharp", "one of auto, pillow, vips"),
        ("THUMBNAIL_FORMAT", "png", "one of webp, avif, jpeg"),
        ("THUMBNAIL_SIZE", "0", "from 1 to 1,024"),
        ("THUMBNAIL_SIZE", "1025", "from 1 to 1,024"),
        ("THUMBNAIL_SIZE", "150x150", "a whole number"),
        ("THUMBNAIL_SIZE", "\u0661\u0665\u0660", "a whole number"),
        ("THUMBNAIL_SIZE", "", "a whole number"),
        ("THUMBNAIL_SIZE", "9" * 5000, "a whole number"),
        ("THUMBNAIL_QUALITY", "0", "from 1 to 100"),
        ("THUMBNAIL_QUALITY", "8.5", "a whole number"),
        ("THUMBNAIL_EFFORT", "7", "from 0 to 6"),
        ("THUMBNAIL_PROFILE", "fast", "one of reference, tuned"),
        ("THUMBNAIL_SHARP_YUV", "yes", "one of true, false"),
        ("THUMBNAIL_PRESET", "portrait", "one of default, picture, photo, drawing, icon, text"),
        ("THUMBNAIL_SNS_STRENGTH", "101", "from 0 to 100"),
        ("THUMBNAIL_PASSES", "0", "from 1 to 10"),
        ("THUMBNAIL_KERNEL", "mitchell", "one of lanczos3, cubic, linear"),
        ("THUMBNAIL_TUNE", "ssim", "no such switch for webp, only for avif"),
        ("THUMBNAIL_SUBSAMPLING", "4:4:4", "no such switch for webp, only for avif or jpeg"),
        ("MAX_PIXELS", "-1", "a whole number"),
        ("MAX_PIXELS", "100_000", "a whole number"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_what_was_expected_and_what_came(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_env(_LEAST | {variable: value})

    text = str(raised.value)
    assert text.startswith(f"{variable}: expected ")
    assert expected in text
    assert repr(value) in text
    assert "\n" not in text


def test_a_missing_bucket_is_reported_as_nothing() -> None:
    with pytest.raises(SettingsError, match="BUCKET_NAME: expected the name of a bucket, got nothing"):
        Settings.from_env({})


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("in/", "in/out/"),
        ("in/", "in/"),
        ("", "out/"),
        # A prefix is no folder: S3 would send events for these thumbnails too.
        ("in", "inner/"),
    ],
)
def test_a_destination_inside_the_source_is_refused_naming_both(source: str, destination: str) -> None:
    with pytest.raises(DestinationInsideSourceError) as raised:
        Settings.from_env(_LEAST | {"SOURCE_PREFIX": source, "DESTINATION_PREFIX": destination})

    assert f"SOURCE_PREFIX {source!r}" in str(raised.value)
    assert "DESTINATION_PREFIX" in str(raised.value)
    assert repr(destination) in str(raised.value)


_SIZES = _LEAST | {"THUMBNAIL_SIZES": "thumbnail=120,medium=480,large=1024"}


def test_further_sizes_go_beside_the_thumbnails() -> None:
    settings = Settings.from_env(_SIZES)

    assert [(size.name, size.pixels, size.prefix) for size in settings.sizes] == [
        ("thumbnail", 120, "members/profile/resized/thumbnail/"),
        ("medium", 480, "members/profile/resized/medium/"),
        ("large", 1024, "members/profile/resized/large/"),
    ]
    assert settings.largest_size == 1024


def test_without_further_sizes_there_is_the_thumbnail_alone() -> None:
    (only,) = Settings.from_env(_LEAST).sizes

    assert (only.name, only.pixels, only.prefix) == ("thumbnail", 150, "members/profile/resized/thumbnail/")


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param("", id="nothing"),
        pytest.param("medium=480", id="no thumbnail"),
        pytest.param("thumbnail", id="no pixels"),
        pytest.param("thumbnail=0", id="zero"),
        pytest.param("thumbnail=150,large=1025", id="too large"),
        pytest.param("thumbnail=150,medium=1,medium=2", id="twice"),
        pytest.param("thumbnail=150,../x=10", id="no name"),
        pytest.param("thumbnail=150, medium=480", id="space"),
        pytest.param(",".join(["thumbnail=150", *(f"s{n}=9" for n in range(8))]), id="nine"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes: str) -> None:
    with pytest.raises(SettingsError, match="THUMBNAIL_SIZES: expected"):
        Settings.from_env(_LEAST | {"THUMBNAIL_SIZES": sizes})


def test_two_different_sizes_for_the_thumbnail_are_refused() -> None:
    with pytest.raises(
        SettingsError, match="THUMBNAIL_SIZE: expected no other size than THUMBNAIL_SIZES names, 120"
    ):
        Settings.from_env(_SIZES | {"THUMBNAIL_SIZE": "150"})
    assert Settings.from_env(_SIZES | {"THUMBNAIL_SIZE": "120"}).size == 120


def test_a_further_size_inside_the_source_prefix_is_refused() -> None:
    with pytest.raises(
        DestinationInsideSourceError, match="RESIZED_PREFIX: expected a place outside SOURCE_PREFIX"
    ):
        Settings.from_env(_SIZES | {"RESIZED_PREFIX": "members/profile/originals/"})


@pytest.mark.parametrize("destination", ["members/profile/resized/", "members/profile/resized/large/"])
def test_a_further_size_in_the_thumbnails_place_is_refused(destination: str) -> None:
    with pytest.raises(SettingsError, match="RESIZED_PREFIX: expected a place where"):
        Settings.from_env(_SIZES | {"DESTINATION_PREFIX": destination})
