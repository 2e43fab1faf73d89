"""A person's picture of a digit becomes what the data set's own pictures are."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from chainrule.data import DIGITS, MNIST, DigitPicture
from chainrule.data.picture import find_ink
from chainrule.datasets import digits, mnist, source
from chainrule.errors import DataError, FileFormatError, ShapeError

REAL_DATA = Path(os.environ.get("CHAINRULE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def correlation(a, b):
    return np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1]


def on_a_page(picture, top, side, shift=(30, 10), resample=Image.Resampling.NEAREST):
    """The digit as a person would hand it in: dark on white, large, and not in the middle."""
    large = Image.fromarray(np.rint(255 - picture * (255 / top)).astype(np.uint8)).resize(
        (side, side), resample
    )
    page = Image.new("L", (side + 80, side + 60), 255)
    page.paste(large, shift)
    return page


def centre_of_mass(picture):
    return [float(picture.sum(axis=1 - axis) @ np.arange(28) / picture.sum()) for axis in (0, 1)]


@pytest.fixture
def seven():
    """A seven drawn with a pen: dark strokes of 24 pixels on a white page."""
    page = Image.new("L", (300, 400), 255)
    ImageDraw.Draw(page).line([(70, 110), (210, 110), (120, 330)], fill=0, width=24, joint="curve")
    return page


def test_as_mnist_describes_its_own(seven):
    picture = MNIST.from_gray(np.asarray(seven))
    assert (picture.shape, picture.dtype, picture.max()) == ((28, 28), np.uint8, 255)
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    np.testing.assert_allclose(
        centre_of_mass(picture), 14, atol=0.6
    )  # whole pixels: half a pixel, and rounding


@pytest.mark.parametrize("change", ["jpeg", "light on dark", "colour", "transparent", "white on transparent",
                                    "palette", "16 bits", "shaded", "turned by the camera"])  # fmt: skip
def test_the_kind_of_picture_does_not_matter(seven, change, tmp_path):
    expected = MNIST.from_gray(np.asarray(seven))
    path = tmp_path / ("seven.jpg" if change in ("jpeg", "turned by the camera") else "seven.png")
    options = {}
    ink = Image.eval(seven, lambda v: 255 - v)
    match change:
        case "light on dark":
            seven = ink
        case "colour":
            seven = Image.merge("RGB", [Image.eval(seven, lambda v, low=low: low + v * (250 - low) // 255)
                                        for low in (20, 30, 140)])  # fmt: skip
        case "transparent":
            seven = Image.merge("LA", [Image.new("L", seven.size, 0), ink])
        case "white on transparent":
            seven = Image.merge("LA", [Image.new("L", seven.size, 255), ink])
        case "palette":
            seven = seven.convert("P")
        case "16 bits":
            seven = Image.fromarray(np.asarray(seven).astype(np.uint16) * 257)
        case "shaded":
            light = np.linspace(1.0, 0.6, seven.width)[None, :]
            seven = Image.fromarray(np.rint((np.asarray(seven) * 0.8 + 40) * light).astype(np.uint8))
        case "turned by the camera":
            options = {"exif": Image.Exif()}
            options["exif"][0x0112] = 6  # to be shown turned by 90 degrees clockwise
            seven = seven.transpose(Image.Transpose.ROTATE_90)
    seven.save(path, **options)
    assert correlation(MNIST.read(path), expected) > 0.97


def test_noise_and_dust_do_not_widen_the_digit(seven, tmp_path):
    rng = np.random.default_rng(5)
    noisy = np.asarray(seven) * 0.6 + 60 + rng.normal(0, 12, (400, 300))
    noisy[rng.integers(0, 400, 30), rng.integers(0, 300, 30)] = 0
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(tmp_path / "noisy.png")
    assert correlation(MNIST.read(tmp_path / "noisy.png"), MNIST.from_gray(np.asarray(seven))) > 0.97


@pytest.mark.parametrize("shift", [(0, 0), (30, 10), (79, 59)])
def test_real_digits_come_back(shift, tmp_path):
    (_, _), (pictures, _) = digits.load_data()
    found = []
    for picture in pictures[:60]:
        on_a_page(picture, 16, 160, shift).save(tmp_path / "digit.png")
        found.append(correlation(DIGITS.read(tmp_path / "digit.png"), picture))
    # The place of the digit in its 8 columns and its slant, where it has one, are lost: not one in one, but most.
    assert np.median(found) > 0.92


def test_a_slant_is_taken_out_where_the_data_set_has_none(tmp_path):
    (_, _), (pictures, _) = digits.load_data()
    found = []
    for picture in pictures[:60]:
        page = on_a_page(picture, 16, 160, (40, 40))
        page.save(tmp_path / "straight.png")
        shear = (1, 0.3, -0.15 * page.height, 0, 1, 0)
        slanted = page.transform(page.size, Image.Transform.AFFINE, shear, fillcolor=255)
        slanted.save(tmp_path / "slanted.png")
        found.append(correlation(DIGITS.read(tmp_path / "slanted.png"), DIGITS.read(tmp_path / "straight.png")))
    assert np.median(found) > 0.95


def test_other_peoples_digits_look_like_the_built_in_ones(monkeypatch):
    if not (REAL_DATA / "mnist").is_dir():
        pytest.skip("the data set is not here")
    monkeypatch.setenv(source.VARIABLE, str(REAL_DATA))
    (known, classes), _ = digits.load_data()
    (pictures, labels), _ = mnist.load_data()
    known = known.reshape(len(known), -1).astype(int)
    nearest = []
    for picture in pictures[:300]:
        drawn = DIGITS.from_gray(np.asarray(on_a_page(picture, 255, 112, resample=Image.Resampling.BICUBIC)))
        nearest.append(classes[((known - drawn.ravel()) ** 2).sum(axis=1).argmin()])
    # 0.60 if slants and shapes stay as they are
    assert np.mean(nearest == labels[:300]) > 0.7


def test_mnist_digits_come_back(monkeypatch, tmp_path):
    if not (REAL_DATA / "mnist").is_dir():
        pytest.skip("the data set is not here")
    monkeypatch.setenv(source.VARIABLE, str(REAL_DATA))
    (_, _), (pictures, _) = mnist.load_data()
    found = []
    for number, picture in enumerate(pictures[:60]):
        page = on_a_page(picture, 255, 280, (number, number // 2), Image.Resampling.BICUBIC)
        page.save(tmp_path / "digit.png")
        found.append(correlation(MNIST.read(tmp_path / "digit.png"), picture))
    assert np.median(found) > 0.97
    assert min(found) > 0.6  # a shift by one pixel, where the centre of mass lies between two


def test_ink_at_the_border_does_not_tilt_the_paper():
    page = np.full((100, 80), 200.0)
    page[:40, 30:38] = 50.0
    ink = find_ink(page)
    np.testing.assert_allclose(ink[:40, 30:38], 1, atol=1e-5)
    assert ink[50:].max() < 1e-5


def test_small_pictures():
    page = np.zeros((8, 8))
    page[1:7, 3:5] = 255
    assert MNIST.from_gray(page).max() == 255


@pytest.mark.parametrize("page", [np.full((50, 50), 255.0), np.full((50, 50), 0.0),
                                  200 + 10 * np.sin(np.arange(2500.0)).reshape(50, 50)])  # fmt: skip
def test_a_blank_page_is_refused(page, tmp_path):
    Image.fromarray(page.astype(np.uint8)).save(tmp_path / "blank.png")
    with pytest.raises(DataError, match="blank") as caught:
        MNIST.read(tmp_path / "blank.png")
    assert caught.value.where.endswith("blank.png")


def png_claiming(width, height):
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not a picture"),
        (b"not a picture at all", "not a picture"),
        (png_claiming(10_000, 10_000), "too large"),
        (png_claiming(60_000, 60_000), "too large"),
        (png_claiming(100, 100), "damaged"),
        (png_claiming(100, 100)[:30], "not a picture|damaged"),
        (b"BM" + bytes(60), "not a picture"),
    ],
)
def test_bad_files(content, problem, tmp_path):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(FileFormatError, match=problem) as caught:
        MNIST.read(tmp_path / "bad.png")
    assert caught.value.where.endswith("bad.png")


def test_its_form_is_saved_with_a_model():
    assert DigitPicture.from_config(DIGITS.to_config()) is DIGITS
    with pytest.raises(FileFormatError):
        DigitPicture.from_config({**MNIST.to_config(), "size": 10**9})
    with pytest.raises(ShapeError):
        MNIST.from_gray(np.zeros((28, 28, 3)))
