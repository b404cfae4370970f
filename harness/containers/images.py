"""The container images that hold Lambda's runtimes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Final

from harness.errors import ThumbrigError

# LocalStack's own variable: one setting for both.
_VARIABLE: Final = "LAMBDA_RUNTIME_IMAGE_MAPPING"
_REPOSITORY: Final = "public.ecr.aws/lambda"


class ImageMappingError(ThumbrigError):
    """Raised when the variable that names other images cannot be understood."""

    def __init__(self, value: str) -> None:
        super().__init__(
            f"{_VARIABLE}: expected a JSON object from runtime to image, as in "
            f'{{"python3.13": "{_REPOSITORY}/python:3.13"}}, got {value!r}'
        )


def runtime_image(runtime: str, *, variables: Mapping[str, str] = os.environ) -> str:
    """Name the image of a runtime like `python3.13`: AWS's public one, unless another is set for it."""
    return _mapping(variables.get(_VARIABLE, "")).get(runtime) or _public_image(runtime)


def _mapping(value: str) -> Mapping[str, str]:
    if not value:
        return {}
    try:
        mapping = json.loads(value)
    except json.JSONDecodeError as exc:
        raise ImageMappingError(value) from exc
    if not isinstance(mapping, dict) or not all(isinstance(image, str) for image in mapping.values()):
        raise ImageMappingError(value)
    return mapping


def _public_image(runtime: str) -> str:
    # python3.13 is python:3.13, nodejs20.x is nodejs:20.
    name = runtime.rstrip("0123456789.x")
    return f"{_REPOSITORY}/{name}:{runtime.removeprefix(name).removesuffix('.x')}"
