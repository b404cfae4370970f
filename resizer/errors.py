"""The errors that the function raises on purpose; the permanent ones are all here, others are retried."""

from __future__ import annotations


class ResizerError(Exception):
    """The base of every error that the function raises on purpose; its text is one line for a person."""


class SettingsError(ResizerError):
    """Raised when an environment variable is missing or does not fit."""

    def __init__(self, variable: str, expected: str, value: str | None) -> None:
        came = "nothing" if value is None else repr(value)
        super().__init__(f"{variable}: expected {expected}, got {came}; set it in the function's environment")


class EncoderMissingError(ResizerError):
    """Raised at the start when this installation lacks an encoder whose switches are set."""

    def __init__(self, encoder: str, came: str) -> None:
        super().__init__(
            f"expected {encoder} of the version that function.toml pins, the installed Pillow {came}; "
            "install Pillow's own wheel, or set THUMBNAIL_PROFILE to 'reference'"
        )


class EncoderFailedError(ResizerError):
    """Raised when an encoder returns no file, for a reason other than memory."""

    def __init__(self, encoder: str, reason: str) -> None:
        super().__init__(f"expected a file from {encoder}, it {reason}")


class DestinationInsideSourceError(ResizerError):
    """Raised when each thumbnail would be an upload again: the function would call itself for ever."""

    def __init__(
        self, source_prefix: str, destination_prefix: str, *, variable: str = "DESTINATION_PREFIX"
    ) -> None:
        super().__init__(
            f"{variable}: expected a place outside SOURCE_PREFIX {source_prefix!r}, "
            f"got {destination_prefix!r}; the function would call itself for ever, so change one of the two"
        )


class NotANotificationError(ResizerError):
    """Raised when the event is not what S3 sends."""

    def __init__(self, came: str) -> None:
        super().__init__(
            f"expected an S3 notification, got {came}; "
            "let the bucket's notification invoke the function directly"
        )


class PermanentError(ResizerError):
    """The base of the errors that no retry would cure; they become the answer instead of being raised."""

    @property
    def type(self) -> str:
        """What the answer and the log call it: the class's name without its last word."""
        return type(self).__name__.removesuffix("Error")


class OriginalMissingError(PermanentError):
    """Raised when the original is not in the bucket, most often because it was deleted in the meantime."""

    def __init__(self, key: str) -> None:
        super().__init__(f"expected an object {key!r}, the bucket has none; it may have been deleted since")


class EmptyFileError(PermanentError):
    """Raised when the original has no bytes."""

    def __init__(self) -> None:
        super().__init__("expected a picture, got an empty file; upload it again")


class NotAnImageError(PermanentError):
    """Raised when the first bytes belong to no known picture format."""

    def __init__(self, supported: str, start: bytes) -> None:
        super().__init__(f"expected {supported}, got a file that starts with {start!r}")


class UnsupportedFormatError(PermanentError):
    """Raised when the original is a picture, but of a kind that the function does not read."""

    def __init__(self, kind: str, supported: str) -> None:
        super().__init__(f"expected {supported}, got {kind}; convert it before uploading")


class DamagedImageError(PermanentError):
    """Raised when a picture is cut short, or its content contradicts itself."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"expected a whole {kind}, got a damaged one ({reason}); upload it again")


class TooMuchMemoryError(PermanentError):
    """Raised when a picture would take more memory than the function has; nothing was decoded then."""

    def __init__(self, what: str, needed_bytes: int, memory_bytes: int, advice: str) -> None:
        super().__init__(
            f"expected a picture that fits into {memory_bytes / 2**20:,.0f} MB, got {what}, "
            f"which takes about {needed_bytes / 2**20:,.0f} MB; {advice} or raise MemorySize"
        )


class TooManyPixelsError(PermanentError):
    """Raised when the header promises more pixels than are allowed; nothing was decoded then."""

    def __init__(self, width: int, height: int, limit_pixels: int) -> None:
        super().__init__(
            f"expected at most {limit_pixels:,} pixels, got {width}x{height} = {width * height:,}; "
            "upload a smaller picture or raise MAX_PIXELS"
        )
