"""Calls the libwebp in Pillow's wheel with all its switches; Pillow's own interface has four of them.

libvips has more, but its libwebp writes the same bytes in 1.3 times the time, and loading it for every JPEG
would add 45 ms and 10 MB to a cold start. The structures are those of webp/encode.h of libwebp 1.6; the
library checks by the version number that they are the ones it knows.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from ctypes import POINTER, byref, c_float, c_int, c_size_t, c_uint32, c_void_p
from functools import cache

from PIL import _webp

from resizer.errors import EncoderFailedError, EncoderMissingError
from resizer.switches import Encoding, Preset

_ABI_VERSION = 0x0210
_OUT_OF_MEMORY = {1, 2}  # VP8_ENC_ERROR_OUT_OF_MEMORY, VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY
_PRESETS = (Preset.DEFAULT, Preset.PICTURE, Preset.PHOTO, Preset.DRAWING, Preset.ICON, Preset.TEXT)
_BANDS = {"RGB": 3, "RGBA": 4}


class _Config(ctypes.Structure):
    """The structure WebPConfig."""

    _fields_ = (
        ("lossless", c_int),
        ("quality", c_float),
        ("method", c_int),
        ("image_hint", c_int),
        ("target_size", c_int),
        ("target_psnr", c_float),
        ("segments", c_int),
        ("sns_strength", c_int),
        ("filter_strength", c_int),
        ("filter_sharpness", c_int),
        ("filter_type", c_int),
        ("autofilter", c_int),
        ("alpha_compression", c_int),
        ("alpha_filtering", c_int),
        ("alpha_quality", c_int),
        ("passes", c_int),
        ("show_compressed", c_int),
        ("preprocessing", c_int),
        ("partitions", c_int),
        ("partition_limit", c_int),
        ("emulate_jpeg_size", c_int),
        ("thread_level", c_int),
        ("low_memory", c_int),
        ("near_lossless", c_int),
        ("exact", c_int),
        ("use_delta_palette", c_int),
        ("use_sharp_yuv", c_int),
        ("qmin", c_int),
        ("qmax", c_int),
    )


class _Picture(ctypes.Structure):
    """The structure WebPPicture, with room for the fields that are not used here."""

    _fields_ = (
        ("use_argb", c_int),
        ("colorspace", c_int),
        ("width", c_int),
        ("height", c_int),
        ("planes", c_void_p * 3),
        ("strides", c_int * 2),
        ("alpha", c_void_p),
        ("alpha_stride", c_int),
        ("padding_1", c_uint32 * 2),
        ("argb", c_void_p),
        ("argb_stride", c_int),
        ("padding_2", c_uint32 * 3),
        ("writer", c_void_p),
        ("custom", c_void_p),
        ("extra_info_type", c_int),
        ("extra_info", c_void_p),
        ("stats", c_void_p),
        ("error_code", c_int),
        ("progress_hook", c_void_p),
        ("user_data", c_void_p),
        ("padding_3", c_uint32 * 3),
        ("padding_4", c_void_p * 2),
        ("padding_5", c_uint32 * 8),
        ("memory", c_void_p),
        ("memory_argb", c_void_p),
        ("padding_6", c_void_p * 2),
    )


class _Writer(ctypes.Structure):
    """The structure WebPMemoryWriter."""

    _fields_ = (("memory", c_void_p), ("size", c_size_t), ("room", c_size_t), ("padding", c_uint32))


@cache
def load() -> ctypes.CDLL:
    """Find libwebp among what Pillow's own module has loaded."""
    library = ctypes.CDLL(_webp.__file__)
    try:
        library.WebPConfigInitInternal.argtypes = (POINTER(_Config), c_int, c_float, c_int)
        library.WebPPictureImportRGB.argtypes = (POINTER(_Picture), ctypes.c_char_p, c_int)
        library.WebPPictureImportRGBA.argtypes = (POINTER(_Picture), ctypes.c_char_p, c_int)
        known = library.WebPPictureInitInternal(byref(_Picture()), _ABI_VERSION)
    except AttributeError as exc:
        raise EncoderMissingError("libwebp", "has none to be called") from exc
    if not known:
        raise EncoderMissingError("libwebp", "has one of another structure")
    return library


def encode(mode: str, size: tuple[int, int], pixels: bytes, encoding: Encoding) -> bytes:
    """Write pixels, RGB or RGBA, as WebP."""
    library = load()
    config = _config(library, encoding)
    with _picture(library, mode, size, pixels) as picture, _writer(library, picture) as writer:
        if not library.WebPEncode(byref(config), byref(picture)):
            raise _error(picture)
        return ctypes.string_at(writer.memory, writer.size)


def _config(library: ctypes.CDLL, encoding: Encoding) -> _Config:
    switches = encoding.switches
    config = _Config()
    library.WebPConfigInitInternal(
        byref(config), _PRESETS.index(switches.preset), encoding.quality, _ABI_VERSION
    )
    config.method = encoding.effort
    config.use_sharp_yuv = switches.sharp_yuv
    config.passes = switches.passes
    config.alpha_quality = switches.alpha_quality
    for name in ("sns_strength", "filter_strength", "filter_sharpness"):
        if (strength := getattr(switches, name)) is not None:
            setattr(config, name, strength)
    if not library.WebPValidateConfig(byref(config)):
        raise EncoderFailedError("libwebp", f"does not take {switches}")
    return config


@contextlib.contextmanager
def _picture(library: ctypes.CDLL, mode: str, size: tuple[int, int], pixels: bytes) -> Iterator[_Picture]:
    """Copy the pixels to where libwebp frees them again."""
    picture = _Picture()
    library.WebPPictureInitInternal(byref(picture), _ABI_VERSION)
    picture.use_argb = 1
    picture.width, picture.height = size
    copy = library.WebPPictureImportRGBA if mode == "RGBA" else library.WebPPictureImportRGB
    try:
        if not copy(byref(picture), pixels, size[0] * _BANDS[mode]):
            raise _error(picture)
        yield picture
    finally:
        library.WebPPictureFree(byref(picture))


@contextlib.contextmanager
def _writer(library: ctypes.CDLL, picture: _Picture) -> Iterator[_Writer]:
    """Let the picture be written to memory."""
    writer = _Writer()
    library.WebPMemoryWriterInit(byref(writer))
    picture.writer = ctypes.cast(library.WebPMemoryWrite, c_void_p).value
    picture.custom = ctypes.addressof(writer)
    try:
        yield writer
    finally:
        library.WebPMemoryWriterClear(byref(writer))


def _error(picture: _Picture) -> Exception:
    if picture.error_code in _OUT_OF_MEMORY:
        return MemoryError("libwebp: out of memory")
    return EncoderFailedError("libwebp", f"ended with its error {picture.error_code}")
