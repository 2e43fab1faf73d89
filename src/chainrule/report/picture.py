"""Arrays as pictures within the page: PNG in a data URI."""

from __future__ import annotations

import base64
import io

import numpy as np

RED, BLUE = (214, 69, 65), (47, 111, 222)


def image(pixels: np.ndarray, alternative: str) -> str:
    """An `<img>` that holds its own picture.

    Args:
        pixels: uint8, (H, W) gray, (H, W, 3) colour or (H, W, 4) with opacity.
        alternative: what it shows, in words; HTML already.
    """
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG", optimize=True)
    code = base64.b64encode(stream.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    words = f'alt="{alternative}" title="{alternative}"'
    return f'<img src="data:image/png;base64,{code}" width="{width}" height="{height}" {words}>'


def sample_pixels(sample: np.ndarray, top: int) -> np.ndarray:
    """A sample as it can be shown: its largest possible value becomes white."""
    pixels = sample[..., 0] if sample.ndim == 3 and sample.shape[-1] == 1 else sample
    shown: np.ndarray = (pixels.astype(np.float32) * (255 / max(top, 1))).clip(0, 255).astype(np.uint8)
    return shown


def weight_pixels(weights: np.ndarray) -> np.ndarray:
    """Weights as a picture: positive ones blue, negative ones red, near 0 transparent.

    Weights for the three colours of a pixel are shown as a colour themselves, grey for 0.
    """
    strength = weights / max(float(np.abs(weights).max()), 1e-12)
    if strength.ndim == 3 and strength.shape[-1] == 3:
        return np.asarray((127.5 + 127.5 * strength).round().astype(np.uint8))
    strength = strength.reshape(strength.shape[:2])
    pixels = np.empty((*strength.shape, 4), np.uint8)
    pixels[..., :3] = np.where(strength[..., None] > 0, BLUE, RED)
    pixels[..., 3] = (255 * np.abs(strength)).round()
    return pixels
