from __future__ import annotations

import pytest

from harness.containers.images import ImageMappingError, runtime_image


@pytest.mark.parametrize(
    ("runtime", "image"),
    [("python3.13", "public.ecr.aws/lambda/python:3.13"), ("nodejs20.x", "public.ecr.aws/lambda/nodejs:20")],
)
def test_a_runtime_has_aws_s_public_image(runtime: str, image: str) -> None:
    assert runtime_image(runtime, variables={}) == image


def test_another_image_can_be_named_for_one_runtime() -> None:
    variables = {"LAMBDA_RUNTIME_IMAGE_MAPPING": '{"python3.13": "mine:1"}'}

    assert runtime_image("python3.13", variables=variables) == "mine:1"
    assert runtime_image("nodejs20.x", variables=variables) == "public.ecr.aws/lambda/nodejs:20"


@pytest.mark.parametrize("value", ["python3.13=mine:1", '["mine:1"]', '{"python3.13": 1}'])
def test_a_malformed_mapping_is_refused(value: str) -> None:
    with pytest.raises(ImageMappingError, match="expected a JSON object from runtime to image"):
        runtime_image("python3.13", variables={"LAMBDA_RUNTIME_IMAGE_MAPPING": value})
