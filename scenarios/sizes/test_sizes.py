"""Several sizes of one upload, from one decode, set for function and application in one place."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fixtures.pictures import picture
from fixtures.similarity import assert_similar
from harness.application import Upload
from harness.deployment import Capability, Deployment
from harness.observe.log import read_log, wait_until_logged
from harness.observe.outcome import DeployedApplication
from harness.sandbox.function import assume_role
from harness.targets.base import Target

_SIZES = {"thumbnail": 150, "medium": 480, "large": 1024}
_SEVERAL = {"ThumbnailSizes": ",".join(f"{name}={pixels}" for name, pixels in _SIZES.items())}

pytestmark = pytest.mark.deploys(parameters=_SEVERAL)


@pytest.fixture(scope="module")
def several(target: Target) -> Deployment:
    """A pipeline that makes three sizes."""
    return target.deploy(parameters=_SEVERAL)


@pytest.fixture(scope="module")
def application_of_several(several: Deployment) -> DeployedApplication:
    """The application's side of it."""
    return DeployedApplication(several)


@pytest.fixture(scope="module")
def upload(application_of_several: DeployedApplication) -> Upload:
    """The reference photo, whose thumbnail is there."""
    uploaded = application_of_several.upload(picture("reference.jpg").path(), "me.jpg")
    application_of_several.wait_until_ready(uploaded)
    return uploaded


@pytest.mark.parametrize("name", _SIZES)
def test_each_named_size_of_an_upload_is_made(
    application_of_several: DeployedApplication, upload: Upload, name: str
) -> None:
    """Each named size of an upload is made."""
    # No waiting: the thumbnail, which the fixture has seen, is written last.
    found = application_of_several.find(upload, name)

    assert found is not None
    with (
        Image.open(io.BytesIO(found.data)) as image,
        Image.open(picture("reference.jpg").expected_path()) as expected,
    ):
        assert image.size == (_SIZES[name], _SIZES[name])
        assert image.format == "WEBP"
        assert_similar(image.resize(expected.size), expected, tolerance=picture("reference.jpg").tolerance)
    assert (found.content_type, found.cache_control) == ("image/webp", "max-age=31536000")


def test_all_sizes_come_of_one_invocation(several: Deployment, upload: Upload) -> None:
    """One invocation makes all sizes."""
    wait_until_logged(several, upload)

    log = read_log(several, since_epoch_seconds=upload.started_epoch_seconds)
    (line,) = log.naming(upload.key)
    assert {name: size["size"] for name, size in line["sizes"].items()} == {
        "medium": "480x480",
        "large": "1024x1024",
    }
    assert {size["key"] for size in line["sizes"].values()} < set(several.pipeline.thumbnail_keys(upload.key))


def test_deleting_a_photo_deletes_all_of_its_sizes(several: Deployment) -> None:
    """Deleting a photo deletes all its sizes."""
    application = DeployedApplication(several)
    uploaded = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.wait_until_ready(uploaded)

    application.delete(uploaded.key)

    assert [application.find(uploaded, name) for name in _SIZES] == [None] * len(_SIZES)


@pytest.mark.needs(Capability.IAM)
def test_with_several_sizes_the_function_may_still_write_nowhere_else(several: Deployment) -> None:
    """With several sizes, the function still may not write anywhere else."""
    credentials = assume_role(several.aws, several.role_arn, session_name="sizes")
    s3 = several.aws.with_credentials(credentials).client("s3")

    s3.put_object(
        Bucket=several.bucket, Key=f"{several.resized_prefix}large/x.webp", Body=b"written by the role"
    )
    for elsewhere in (several.source_prefix, "members/"):
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            s3.put_object(Bucket=several.bucket, Key=f"{elsewhere}x", Body=b"")
