"""A person's picture of a digit, made into what the network was trained on.

MNIST's digits were cropped to their ink, scaled so that the longer side has 20 pixels, with grey levels from
the averaging, and put into a field of 28x28 so that their centre of mass is its centre (LeCun, Bottou, Bengio
and Haffner 1998, section III.A). The 8x8 digits of the UCI repository count the inked pixels in 4x4 blocks of
a 32x32 bitmap which the digit fills (Alpaydin and Kaynak 1998), and stand upright and narrow in it. Here both are
done to any picture.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chainrule.data.image_file import load_pixels, open_image, to_gray
from chainrule.errors import DataError, FileFormatError, ShapeError

FORMATS = ("PNG", "JPEG")
WORKING_SIDE = 400  # pixels: larger pictures are scaled down first, which also averages their noise away
SPECKLED_SIDE = 100  # pixels: in smaller pictures a stroke may be as thin as a speck
MIN_CONTRAST = 24.0  # of 255: less than this between ink and paper is a blank page
INKED = 0.2  # share of full ink that makes a pixel part of the digit: its grey edge, not what JPEG blurs
FITS = 5  # of the paper's brightness; it settles after three
NOISE_DEVIATIONS = 4.0  # of the paper's own noise: less than this is no ink


@dataclass(frozen=True)
class DigitPicture:
    """The form of a data set's pictures, and how to give it to others.

    Args:
        size: height and width of the result.
        box: the longer side of the digit in it.
        blocks: the digit is placed on a field finer by this factor, whose blocks are then averaged.
        top: the value of full ink; paper is 0.
        widest: if not 0, the digit is sheared until it stands upright, its height fills the box whatever its shape
            was, and its width is this at most.

    Example:
        >>> page = np.full((100, 100), 250.0)   # a light page
        >>> page[20:80, 48:56] = 30.0           # with a dark stroke, a one
        >>> one = MNIST.from_gray(page)
        >>> one.shape, int(one.max()), one.any(axis=1).sum().item()
        ((28, 28), 255, 20)
    """

    size: int
    box: int
    blocks: int
    top: int
    widest: int = 0

    def read(self, path: str | os.PathLike[str]) -> np.ndarray:
        """Read a PNG or JPEG with one digit: any size, dark on light or light on dark, gray or in colour.

        Shapes:
            result: (size, size), uint8.

        Raises:
            FileFormatError: the file is no such picture.
            DataError: the picture is blank.
        """
        from PIL.ImageFilter import MedianFilter

        with open_image(path, FORMATS) as image:
            picture = to_gray(load_pixels(image, path))
        picture.thumbnail((WORKING_SIDE, WORKING_SIDE))
        if min(picture.size) >= SPECKLED_SIDE:
            picture = picture.filter(MedianFilter(3))  # dust and a camera's noise go, edges stay
        return self.from_gray(np.asarray(picture, np.float32), where=str(path))

    def from_gray(self, gray: np.ndarray, where: str = "") -> np.ndarray:
        """The same for an array of brightness, 0 to 255, shape (H, W)."""
        if gray.ndim != 2:
            raise ShapeError("not a gray picture", where=where, expected="(H, W)", got=gray.shape)
        if min(gray.shape) < 2:
            size = f"{gray.shape[1]}x{gray.shape[0]}"
            raise ShapeError("too narrow to hold a digit", where=where, expected="2x2 pixels at least", got=size)
        ink = find_ink(gray.astype(np.float32), where)
        ink = _crop(ink)
        return self._place(self._scale(_upright(ink) if self.widest else ink))

    def to_config(self) -> dict[str, Any]:
        """The form in JSON's types."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DigitPicture:
        """The form that `to_config` described.

        Raises:
            FileFormatError: it is none of the known forms.
        """
        for known in (MNIST, DIGITS):
            if known.to_config() == config:
                return known
        raise FileFormatError("unknown form of pictures", expected="that of mnist or digits", got=config)

    def _scale(self, ink: np.ndarray) -> np.ndarray:
        """Scale so that the longer side, or the height, becomes `box`; each new pixel averages what it covers."""
        from PIL import Image

        factor = self.box * self.blocks / (ink.shape[0] if self.widest else max(ink.shape))
        height, width = (max(1, round(side * factor)) for side in ink.shape)
        if self.widest:
            width = min(width, self.widest * self.blocks)
        scaled = Image.fromarray(ink).resize((width, height), Image.Resampling.HAMMING)
        clipped: np.ndarray = np.clip(np.asarray(scaled), 0.0, 1.0)
        return clipped

    def _place(self, ink: np.ndarray) -> np.ndarray:
        """Put the digit into the field with its centre of mass in the middle, and average the blocks.

        Whole pixels only, and never over the edge. MNIST's own centres of mass lie within half a pixel of
        (14, 14).
        """
        side = self.size * self.blocks
        field = np.zeros((side, side), np.float32)
        corner = []
        for axis, length in enumerate(ink.shape):
            mass = ink.sum(axis=1 - axis)
            centre = float(mass @ np.arange(length)) / float(mass.sum())
            corner.append(min(max(round(side / 2 - centre), 0), side - length))
        top, left = corner
        field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
        means = field.reshape(self.size, self.blocks, self.size, self.blocks).mean(axis=(1, 3))
        picture: np.ndarray = np.rint(means * self.top).astype(np.uint8)
        return picture


MNIST = DigitPicture(size=28, box=20, blocks=1, top=255)
DIGITS = DigitPicture(size=8, box=8, blocks=4, top=16, widest=6)


def find_ink(gray: np.ndarray, where: str = "") -> np.ndarray:
    """How much ink there is at each pixel, 0 to 1, whether it is darker or lighter than the paper.

    The paper is a plane of brightness through the pixels of the border, so that a photograph's shading does
    not count as ink.

    Raises:
        DataError: no pixel differs from the paper.
    """
    paper, noise = _fit_paper(gray)
    difference = gray - paper
    # Strokes cover less of the page than paper does, but differ more: cubes let them decide.
    if float((difference.astype(np.float64) ** 3).sum()) < 0:
        difference = -difference
    full = float(np.quantile(difference, 0.999))
    if full < max(MIN_CONTRAST, NOISE_DEVIATIONS * noise):
        raise DataError(
            "the picture is blank",
            where=where,
            expected="one digit that stands out from its background",
            got=f"a contrast of {max(full, 0.0):.0f} of 255",
            hint="write darker, or crop the picture to the digit",
        )
    floor = min(NOISE_DEVIATIONS * noise, full / 2)
    ink: np.ndarray = np.clip((difference - floor) / (full - floor), 0.0, 1.0, dtype=np.float32)
    return ink


def _fit_paper(gray: np.ndarray) -> tuple[np.ndarray, float]:
    """The brightness of the paper everywhere, and its noise (deviation), from the border."""
    height, width = gray.shape
    edge = max(1, min(height, width) // 25)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    border = np.ones(gray.shape, bool)
    border[edge:-edge, edge:-edge] = False
    brightness = gray[border].astype(np.float64)
    plane = np.stack([np.ones_like(brightness), rows[border] / height, columns[border] / width], axis=1)

    # Ink that touches the border must not tilt the plane: fit, drop what is far from the fit, and fit again.
    residual = brightness - np.median(brightness)
    for _ in range(FITS):
        near = np.abs(residual) <= max(2.5 * float(np.median(np.abs(residual))), 8.0)
        coefficients = np.linalg.lstsq(plane[near], brightness[near], rcond=None)[0]
        residual = brightness - plane @ coefficients
    noise = float(residual[near].std())
    paper = coefficients[0] + coefficients[1] * rows / height + coefficients[2] * columns / width
    return paper.astype(np.float32), noise


def _crop(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle that holds all inked pixels."""
    inked = ink >= INKED
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _upright(ink: np.ndarray) -> np.ndarray:
    """Shear the digit sideways, until its left and right halves do not lean: rows and columns of ink uncorrelated."""
    from PIL import Image

    height, width = ink.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    rows -= float((ink * rows).sum()) / float(ink.sum())
    columns -= float((ink * columns).sum()) / float(ink.sum())
    spread = float((ink * rows**2).sum())
    if spread == 0.0:
        return ink  # one row of pixels leans nowhere
    lean = float((ink * rows * columns).sum()) / spread
    lean = min(max(lean, -1.0), 1.0)  # more than 45 degrees is a stroke, not a slant
    wider = width + int(np.ceil(abs(lean) * height)) + 2
    shift = lean * float(rows[0, 0]) - (wider - width) / 2
    sheared = Image.fromarray(ink).transform(
        (wider, height), Image.Transform.AFFINE, (1, lean, shift, 0, 1, 0), Image.Resampling.BILINEAR
    )
    return _crop(np.asarray(sheared))
