"""One picture from a file: opened with a limit on its size, and turned into an array of bytes."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import FileFormatError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 64_000_000  # an 8000x8000 picture; a small file can claim a far larger one and fill the memory
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
GRAY_MODES = frozenset({"1", "L", "LA", "I;16", "I;16B", "I;16L", "I", "F"})


def open_image(path: str | os.PathLike[str], formats: tuple[str, ...] = FORMATS) -> Image:
    """Open a picture: its size and mode are known, its pixels not yet read.

    Raises:
        FileFormatError: it is no picture of these formats, or has more than MAX_PIXELS pixels.
    """
    from PIL import Image

    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; here they are refused
            image = Image.open(path, formats=formats)
    except FileNotFoundError:
        raise
    except Image.DecompressionBombError as error:
        raise FileFormatError("the picture is too large", where=str(path), got=error) from error
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise FileFormatError(
            "not a picture, or a damaged one", where=str(path), expected=" or ".join(formats), got=error
        ) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise FileFormatError(
            "the picture is too large",
            where=str(path),
            expected=f"at most {MAX_PIXELS:,} pixels",
            got=f"{width}x{height}",
            hint="scale it down",
        )
    return image


def load_pixels(image: Image, path: str | os.PathLike[str]) -> Image:
    """Read the pixels, and turn the picture as its camera says it was held.

    Raises:
        FileFormatError: the file is damaged or cut short.
    """
    from PIL import ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            return ImageOps.exif_transpose(image)
    except Exception as error:
        raise FileFormatError("the picture is damaged", where=str(path), got=error) from error


def to_gray(image: Image) -> Image:
    """The brightness of a picture, one byte per pixel.

    What is transparent gets the background that shows the rest: black behind light strokes, white behind
    dark.
    """
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_bytes(np.asarray(image)))
    if not _has_alpha(image):
        return image.convert("L")
    layers = np.asarray(image.convert("LA"))
    brightness, opacity = layers[..., 0].astype(np.float32), layers[..., 1].astype(np.float32) / 255
    seen = float((brightness * opacity).sum() / max(float(opacity.sum()), 1.0))
    background = 0.0 if seen > 127.5 and opacity.min() < 1 else 255.0
    return Image.fromarray((brightness * opacity + background * (1 - opacity)).round().astype(np.uint8))


def to_color(image: Image) -> Image:
    """The picture in red, green and blue, on white where it is transparent."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        return to_gray(image).convert("RGB")
    if not _has_alpha(image):
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper.convert("RGB")


def is_gray(image: Image) -> bool:
    """Whether the file stores brightness only."""
    return image.mode in GRAY_MODES


def _has_alpha(image: Image) -> bool:
    return image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info


def _to_bytes(values: np.ndarray) -> np.ndarray:
    """Brightness of more than 8 bits as bytes: 16-bit values by their range, others by what they hold."""
    values = values.astype(np.float64)
    low, high = (0.0, 65535.0) if values.min() >= 0 and 255 < values.max() <= 65535 else (0.0, 255.0)
    return np.clip((values - low) * (255 / (high - low)), 0, 255).round().astype(np.uint8)
