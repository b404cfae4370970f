"""The sharp contender in the embedded target, where the scenarios meet it too."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from PIL import Image

from fixtures.pictures import picture
from fixtures.similarity import assert_similar
from harness.deployment import Deployment
from harness.observe.log import read_log
from harness.observe.outcome import DeployedApplication
from harness.package.build import build
from harness.package.function import FunctionFolder
from harness.package.platforms import Architecture, lambda_platform
from harness.package.probe import probe
from harness.targets.embedded.target import EmbeddedTarget, embedded_target

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm on PATH"),
]


@pytest.fixture(scope="module")
def function(project: Path) -> FunctionFolder:
    return FunctionFolder.load(project / "contenders" / "sharp")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, function: FunctionFolder) -> Iterator[EmbeddedTarget]:
    with embedded_target(function, cache=tmp_path_factory.mktemp("cache")) as target:
        yield target


@pytest.fixture(scope="module")
def deployment(target: EmbeddedTarget) -> Deployment:
    return target.deploy()


@pytest.fixture
def application(deployment: Deployment) -> DeployedApplication:
    return DeployedApplication(deployment)


def _invoke(deployment: Deployment, *keys: str) -> Any:  # noqa: ANN401  any JSON
    records = [
        {"s3": {"bucket": {"name": deployment.bucket}, "object": {"key": quote_plus(key, safe="/")}}}
        for key in keys
    ]
    answer = deployment.aws.client("lambda").invoke(
        FunctionName=deployment.function_name, Payload=json.dumps({"Records": records})
    )
    return json.loads(answer["Payload"].read())


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_its_package_is_sound_on_lambda(
    function: FunctionFolder, tmp_path: Path, architecture: Architecture
) -> None:
    platform = lambda_platform(function.runtime, architecture)

    built = build(function, platform, cache=tmp_path)

    assert probe(built.path, platform, function.handler) == []
    assert built.zip_bytes < 10_000_000


@pytest.mark.parametrize("name", ["reference.jpg", "cmyk.jpg", "orientation-7.jpg", "png-16-bit-grey.png"])
def test_pictures_come_out_right(application: DeployedApplication, name: str) -> None:
    thumbnail = application.wait_until_ready(application.upload(picture(name).path(), name))

    with Image.open(io.BytesIO(thumbnail.data)) as image:
        assert_similar(image, Image.open(picture(name).expected_path()), tolerance=picture(name).tolerance)


def test_a_thumbnail_s_line_in_the_log_has_all_that_the_contract_names(
    application: DeployedApplication, deployment: Deployment
) -> None:
    upload = application.upload(picture("reference.jpg").path(), "me.jpg")
    thumbnail = application.wait_until_ready(upload)
    _invoke(deployment, upload.key)

    line = read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds).naming(upload.key)[-1]
    times = [line.pop(f"{step}_ms") for step in ("download", "decode", "resize", "encode", "upload")]
    assert all(time > 0 for time in times)
    assert line == {
        "level": "info",
        "message": "thumbnail",
        "key": upload.key,
        "thumbnail": upload.thumbnail_key,
        "bytes_in": upload.original_bytes,
        "bytes_out": len(thumbnail.data),
        "width": 4000,
        "height": 3000,
        "thumbnail_width": 150,
        "thumbnail_height": 150,
        "engine": "sharp",
    }


def test_an_unforeseen_error_is_raised_once_the_other_records_were_served(
    application: DeployedApplication, deployment: Deployment
) -> None:
    denied, served = (application.upload(picture("grey.jpg").path(), f"{name}.jpg") for name in "ab")
    for upload in (denied, served):
        application.wait_until_ready(upload)
        deployment.aws.client("s3").delete_object(Bucket=deployment.bucket, Key=upload.thumbnail_key)
    _deny(deployment, denied.key)

    answer = _invoke(deployment, denied.key, served.key)

    assert answer["errorType"] == "AccessDenied"
    assert application.find(denied) is None
    assert application.find(served) is not None


def _deny(deployment: Deployment, key: str) -> None:
    statement = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{deployment.bucket}/{key}",
    }
    deployment.aws.client("iam").put_role_policy(
        RoleName=deployment.role_arn.rpartition("/")[2],
        PolicyName="not-this-one",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def test_a_missing_original_is_an_answer(deployment: Deployment) -> None:
    key = f"{deployment.source_prefix}gone.jpg"

    error = json.loads(_invoke(deployment, key)["body"])["error"]

    assert (error["type"], error["key"]) == ("OriginalMissing", key)


@pytest.mark.parametrize(("output", "kind"), [("avif", "AVIF"), ("jpeg", "JPEG")])
def test_other_formats_can_be_asked_for(target: EmbeddedTarget, output: str, kind: str) -> None:
    deployment = target.deploy(parameters={"ThumbnailFormat": output})
    key = f"{deployment.source_prefix}me.png"
    deployment.aws.client("s3").upload_file(str(picture("png-alpha.png").path()), deployment.bucket, key)

    thumbnail = json.loads(_invoke(deployment, key)["body"])["thumbnail"]

    stored = deployment.aws.client("s3").get_object(Bucket=deployment.bucket, Key=thumbnail)
    assert stored["ContentType"] == f"image/{output}"
    with Image.open(io.BytesIO(stored["Body"].read())) as image:
        assert (image.format, image.size) == (kind, (150, 150))
