"""The application's side of the pipeline: upload, address, wait, replace, delete.

Import this package, or copy it together with harness/errors.py and harness/wait.py. It needs boto3,
outputs of the stack (`Pipeline`), and the permissions that docs/application.md lists.
"""

from harness.application.application import (
    Application,
    NotReadyError,
    Overwrite,
    Replacement,
    Thumbnail,
    Upload,
)
from harness.application.deletion import Deletion, DeletionSweep, Invalidation, NotDeletedError
from harness.application.pipeline import THUMBNAIL, NoCdnError, NoSuchSizeError, NotAnOriginalError, Pipeline

__all__ = [
    "THUMBNAIL",
    "Application",
    "Deletion",
    "DeletionSweep",
    "Invalidation",
    "NoCdnError",
    "NoSuchSizeError",
    "NotAnOriginalError",
    "NotDeletedError",
    "NotReadyError",
    "Overwrite",
    "Pipeline",
    "Replacement",
    "Thumbnail",
    "Upload",
]
