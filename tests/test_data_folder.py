"""Folders of pictures by class."""

import numpy as np
import pytest
from PIL import Image

from chainrule.data import read_folder
from chainrule.data.folder import read_image
from chainrule.errors import DataError


@pytest.fixture
def root(tmp_path):
    for name, brightness in (("night", 10), ("day", 240)):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("L", (5, 4), brightness + number).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_gray_pictures(root):
    images = read_folder(root)
    assert (images.x.shape, images.x.dtype, images.class_names) == ((6, 4, 5), np.uint8, ("day", "night"))
    assert images.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.x[:, 0, 0].tolist() == [240, 241, 242, 10, 11, 12]
    assert images.notes == ["6 pictures of 2 classes, 4x5, gray"]


def test_one_colour_picture_makes_all_of_them_colour(root):
    Image.new("RGB", (10, 8), (200, 0, 0)).save(root / "day" / "red.jpg", quality=95)
    images = read_folder(root)
    assert images.x.shape == (7, 4, 5, 3)
    np.testing.assert_allclose(images.x[3, 0, 0].astype(int), [200, 0, 0], atol=5)
    assert "1 pictures of another size scaled to 4x5" in images.notes
    assert read_folder(root, grayscale=True, size=(2, 3)).x.shape == (7, 2, 3)
    np.testing.assert_array_equal(read_image(root / "day" / "red.jpg", (4, 5), False), images.x[3])


def test_what_is_no_picture_is_left_out_and_said(root):
    (root / "day" / "readme.txt").write_text("no picture")
    (root / "day" / ".hidden").write_text("not counted")
    whole = (root / "night" / "0.png").read_bytes()
    (root / "night" / "cut.png").write_bytes(whole[:-25])
    (root / "dusk").mkdir()
    images = read_folder(root)
    assert images.class_names == ("day", "night")
    assert images.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert len(images.x) == 6
    assert any(
        "2 files left out" in note and "readme.txt" in note and "cut.png" in note for note in images.notes
    )
    assert "class 'dusk' has no pictures: left out" in images.notes


def test_one_odd_picture_among_many_sizes_does_not_decide(tmp_path):
    for label, name in enumerate(("night", "day")):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.new("L", (30 + number, 20 + label)).save(tmp_path / name / f"{number}.png")
    Image.new("L", (1, 1)).save(tmp_path / "day" / "dot.png")
    assert read_folder(tmp_path).x.shape == (9, 20, 31)
    assert read_folder(tmp_path, largest=8).x.shape == (9, 5, 8)
    assert read_folder(tmp_path, largest=100).x.shape == (9, 20, 31)


def test_what_cannot_be_learnt_from(root, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_folder(root / "nowhere")
    with pytest.raises(DataError, match="no classes"):
        read_folder(root / "day")
    with pytest.raises(DataError, match="do not fit") as caught:
        read_folder(root, size=(50_000, 50_000))
    assert "size=" in caught.value.hint
    for name in ("x", "y"):
        (root / "empty" / name).mkdir(parents=True)
    with pytest.raises(DataError, match="no pictures"):
        read_folder(root / "empty")
    Image.new("L", (3, 3)).save(root / "empty" / "x" / "0.png")
    with pytest.raises(DataError, match="one class only"):
        read_folder(root / "empty")
    for name in ("train", "test"):
        (root / "parts" / name).mkdir(parents=True)
    with pytest.raises(DataError, match="not classes") as caught:
        read_folder(root / "parts")
    assert caught.value.hint.endswith("train")
