"""The function as one writes it first: what the tuned ones are measured against."""

from __future__ import annotations

import io
import json
import os
import posixpath
from typing import Any
from urllib.parse import unquote_plus

import boto3
from PIL import Image, ImageOps

BUCKET = os.environ["BUCKET_NAME"]
SOURCE = os.environ.get("SOURCE_PREFIX", "members/profile/originals/")
DESTINATION = os.environ.get("DESTINATION_PREFIX", "members/profile/resized/thumbnail/")
SIZE = (150, 150)

s3 = boto3.client("s3")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Make a thumbnail of each new original."""
    answers = [make_thumbnail(unquote_plus(record["s3"]["object"]["key"])) for record in event["Records"]]
    return {"statusCode": 200, "body": json.dumps(answers[0] if len(answers) == 1 else answers)}


def make_thumbnail(key: str) -> dict[str, Any]:
    """Download, shrink, upload."""
    original = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(original)))
    thumbnail = io.BytesIO()
    ImageOps.fit(image, SIZE).save(thumbnail, "WEBP", quality=85, method=6)
    thumbnail_key = DESTINATION + posixpath.splitext(key.removeprefix(SOURCE))[0] + ".webp"
    s3.put_object(
        Bucket=BUCKET,
        Key=thumbnail_key,
        Body=thumbnail.getvalue(),
        ContentType="image/webp",
        CacheControl="max-age=31536000",
    )
    return {
        "original": key,
        "thumbnail": thumbnail_key,
        "size": "150x150",
        "originalSize": len(original),
        "thumbnailSize": len(thumbnail.getvalue()),
    }
