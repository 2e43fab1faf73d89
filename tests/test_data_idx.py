"""IDX and `.npz` files, whole ones and hostile ones."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from chainrule.data.idx import read_idx
from chainrule.data.npz import read_npz
from chainrule.errors import DataError, FileFormatError


def idx(type_code, shape, values):
    return bytes([0, 0, type_code, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape) + values


@pytest.mark.parametrize("in_gzip", [False, True])
@pytest.mark.parametrize(
    ("code", "dtype"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]
)
def test_reads_each_type(tmp_path, code, dtype, in_gzip):
    values = np.array([[1, 2, 3], [-4 if code != 8 else 4, 5, 6]]).astype(dtype)
    content = idx(code, values.shape, values.tobytes())
    (tmp_path / "a").write_bytes(zipped(content) if in_gzip else content)
    array = read_idx(tmp_path / "a", shape=(2, 3))
    np.testing.assert_array_equal(array, values)
    assert array.dtype == np.dtype(dtype).newbyteorder("=")


GOOD = idx(8, (2, 3), bytes(6))


def zipped(content):
    """A gzip with no time in it: the parallel runners must see the same bytes in the test's name."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG\r\n", "not an IDX file"),
        (idx(7, (2,), bytes(2)), "not an IDX file"),
        (GOOD[:7], "header is cut short"),
        (GOOD[:-1], "more than the file can hold"),
        (GOOD + b"x", "bytes after the last value"),
        (idx(8, (2**32 - 1,) * 4, bytes(6)), "more than the file can hold"),
        (zipped(GOOD[:-1]), "cut short"),
        (zipped(GOOD + b"x"), "bytes after the last value"),
        (zipped(GOOD)[:-3], "gzip stream is damaged"),
        (zipped(GOOD)[:-6] + b"123456", "gzip stream is damaged"),
        (zipped(idx(8, (2**31,), bytes(6))), "more than the file can hold"),
    ],
)
def test_refuses(tmp_path, content, problem):
    (tmp_path / "bad.gz").write_bytes(content)
    with pytest.raises(FileFormatError, match=problem) as caught:
        read_idx(tmp_path / "bad.gz")
    assert caught.value.where == str(tmp_path / "bad.gz")


def test_refuses_another_shape_and_another_content(tmp_path):
    (tmp_path / "a").write_bytes(GOOD)
    with pytest.raises(FileFormatError, match="another shape"):
        read_idx(tmp_path / "a", shape=(3, 2))
    with pytest.raises(FileFormatError, match="checksum"):
        read_idx(tmp_path / "a", sha256="0" * 64)


def test_a_gzip_bomb_is_not_unpacked(tmp_path):
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(GOOD + bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(FileFormatError, match="after the last value"):
        read_idx(tmp_path / "bomb.gz")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def npz(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name + ".npy", content)
    return path


def npy(array, **kwargs):
    buffer = io.BytesIO()
    np.save(buffer, array, **kwargs)
    return buffer.getvalue()


X, Y = np.arange(6.0).reshape(3, 2), np.array(["a", "b", "a"])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_round_trip(tmp_path, save):
    save(tmp_path / "a.npz", x=np.asfortranarray(X), y=Y, more=np.ones(3))
    arrays = read_npz(tmp_path / "a.npz")
    assert list(arrays) == ["x", "y"]
    np.testing.assert_array_equal(arrays["x"], X)
    np.testing.assert_array_equal(arrays["y"], Y)


def test_npz_with_a_test_part_and_big_endian(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=X.astype(">f4"), y_train=Y, x_test=X[:2], y_test=Y[:2])
    arrays = read_npz(tmp_path / "a.npz")
    assert list(arrays) == ["x_train", "y_train", "x_test", "y_test"]
    assert arrays["x_train"].dtype == np.float32


def test_npz_refuses_pickles(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([object()] * 3, object), y=Y, allow_pickle=True)
    with pytest.raises(FileFormatError, match="plain numbers") as caught:
        read_npz(tmp_path / "a.npz")
    assert caught.value.where.endswith("x.npy")


def test_npz_refuses_a_header_that_lies(tmp_path):
    header = npy(X).replace(b"(3, 2)", b"(9, 9)")
    with pytest.raises(FileFormatError, match="announces"):
        read_npz(npz(tmp_path / "a.npz", x=header, y=npy(Y)))


@pytest.mark.parametrize("members", [{"x": b"no array", "y": npy(Y)}, {"x": b"", "y": npy(Y)}])
def test_npz_refuses_what_is_no_array(tmp_path, members):
    with pytest.raises(FileFormatError, match="not a NumPy array"):
        read_npz(npz(tmp_path / "a.npz", **members))


def test_npz_refuses_two_of_one_name(tmp_path):
    path = npz(tmp_path / "a.npz", x=npy(X), y=npy(Y))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x.npy", npy(X))
    with pytest.raises(FileFormatError, match="two arrays"):
        read_npz(path)


@pytest.mark.parametrize("cut", [1, 30, -10, -200])
def test_npz_cut_short(tmp_path, cut):
    path = npz(tmp_path / "a.npz", x=npy(X), y=npy(Y))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FileFormatError):
        read_npz(path)


def test_npz_with_a_flipped_bit(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.find(X.tobytes()) + 5] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(FileFormatError, match="CRC"):
        read_npz(tmp_path / "a.npz")


def test_npz_tells_what_is_missing_or_uneven(tmp_path):
    np.savez(tmp_path / "a.npz", features=X)
    with pytest.raises(DataError, match="missing") as caught:
        read_npz(tmp_path / "a.npz")
    assert caught.value.got == "features"
    np.savez(tmp_path / "b.npz", x=X, y=Y[:2])
    with pytest.raises(DataError, match="lengths differ"):
        read_npz(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", x=X[:0], y=Y[:0])
    with pytest.raises(DataError, match="no samples"):
        read_npz(tmp_path / "c.npz")


def test_an_array_that_is_said_to_be_longer_than_the_file(tmp_path):
    path = tmp_path / "long.npz"
    np.savez(path, x=np.zeros((4, 2)), y=np.zeros(4))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<LL", data, entry + 20, 1 << 30, 1 << 30)
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="'x' is said to be longer than the file"):
        read_npz(path)
