"""Data sets: what `load_data` returns, where it looks, and what it refuses."""

import gzip
import hashlib
import os
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from chainrule.datasets import digits, fashion_mnist, mnist, source
from chainrule.datasets.source import IdxFile, Source
from chainrule.errors import DownloadError, FileFormatError

NEIGHBOUR = Path(__file__).parents[2] / "shared" / "data"
REAL_DATA = Path(os.environ.get("CHAINRULE_DATA", NEIGHBOUR))


def idx_bytes(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
LABELS = np.array([3, 1, 0, 2], np.uint8)


def known(name, array):
    return IdxFile(name, array.shape, hashlib.sha256(idx_bytes(array)).hexdigest())


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv(source.VARIABLE, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(source, "cache_folder", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "tiny"


@pytest.fixture
def mirror(tmp_path):
    """A folder, and the address under which a server in this process gives its files."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "images.gz").write_bytes(gzip.compress(idx_bytes(IMAGES)))
    (folder / "labels.gz").write_bytes(gzip.compress(idx_bytes(LABELS)))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def tiny(*mirrors):
    return Source("tiny", ("tiny",), (known("images.gz", IMAGES), known("labels.gz", LABELS)), mirrors)


def test_digits_are_the_published_ones():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (x_train.shape, x_test.shape) == ((1437, 8, 8), (360, 8, 8))
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype("uint8")}
    assert max(x_train.max(), x_test.max()) == 16
    # The number of each digit in the test part of the UCI data set, from its description.
    counts = np.bincount(y_train) + np.bincount(y_test)
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.abs(np.bincount(y_test) - counts / 5).max() < 1  # each class gives its share


def test_digits_are_small_and_their_origin_is_told():
    folder = Path(digits.__file__).parent
    assert (folder / "digits.npz").stat().st_size < 100_000
    assert "CC BY 4.0" in (folder / "digits.ORIGIN.txt").read_text()


@pytest.mark.parametrize(("module", "folder"), [(mnist, "mnist"), (fashion_mnist, "fashion-mnist")])
def test_real_files(module, folder, monkeypatch):
    if not (REAL_DATA / folder).is_dir():
        pytest.skip("the data set is not here")
    monkeypatch.setenv(source.VARIABLE, str(REAL_DATA))
    assert module.available() == (True, f"{folder} is here")
    (x_train, y_train), (x_test, y_test) = module.load_data()
    assert (x_train.shape, x_train.dtype) == ((60000, 28, 28), np.uint8)
    assert (y_train.shape, x_test.shape, y_test.shape) == ((60000,), (10000, 28, 28), (10000,))
    assert np.unique(y_train).tolist() == list(range(10))
    assert x_train.flags.writeable


def test_a_folder_with_the_files_themselves_will_do(monkeypatch):
    if not (REAL_DATA / "mnist").is_dir():
        pytest.skip("the data set is not here")
    monkeypatch.setenv(source.VARIABLE, str(REAL_DATA / "mnist"))
    assert mnist.available()[0]


def test_mnist_from_an_npz_that_is_not_mnist(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    with pytest.raises(FileFormatError, match="x_train is not MNIST's"):
        mnist.load_data(path)


def test_downloads_once_into_the_cache(cache, mirror):
    folder, address = mirror
    images, labels = tiny(address).load()
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert sorted(path.name for path in cache.iterdir()) == ["images.gz", "labels.gz"]
    for file in folder.iterdir():
        file.unlink()
    tiny(address).load()


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b[:20] + bytes([b[20] ^ 4]) + b[21:], lambda b: b"?"]
)
def test_a_damaged_file_in_the_cache_is_fetched_again(cache, mirror, damage):
    _, address = mirror
    tiny(address).load()
    (cache / "images.gz").write_bytes(damage((cache / "images.gz").read_bytes()))
    np.testing.assert_array_equal(tiny(address).load()[0], IMAGES)


def test_a_damaged_file_of_the_users_is_refused_and_left(cache, mirror, tmp_path, monkeypatch):
    (tmp_path / "tiny").mkdir()
    path = tmp_path / "tiny" / "images.gz"
    path.write_bytes(gzip.compress(idx_bytes(IMAGES + 1)))
    monkeypatch.setenv(source.VARIABLE, str(tmp_path))
    with pytest.raises(FileFormatError, match="checksum") as caught:
        tiny(mirror[1]).load()
    assert caught.value.where == str(path)
    assert path.exists()


def test_a_mirror_with_other_data_is_passed_over(cache, mirror, tmp_path):
    folder, address = mirror
    (folder / "old").mkdir()
    (folder / "old" / "images.gz").write_bytes(gzip.compress(idx_bytes(IMAGES + 1)))
    (folder / "old" / "labels.gz").write_bytes(gzip.compress(idx_bytes(LABELS)) + bytes(10_000))
    np.testing.assert_array_equal(tiny(address + "old/", address).load()[0], IMAGES)
    with pytest.raises(DownloadError, match="cannot be downloaded"):
        tiny(address + "old/")._download(known("labels.gz", LABELS), cache / "other.gz")
    assert sorted(path.name for path in cache.iterdir()) == [
        "images.gz",
        "labels.gz",
    ]  # and no half of a file


def test_offline_is_said_and_soon(cache):
    nowhere = tiny("http://127.0.0.1:9/", "http://host.invalid/")
    start = time.monotonic()
    found, why = nowhere.available()
    assert not found
    assert "cannot be downloaded" in why
    with pytest.raises(DownloadError, match="CHAINRULE_DATA"):
        nowhere.load()
    assert time.monotonic() - start < 20  # each promises 10


def test_a_host_that_never_answers_does_not_hang(monkeypatch):
    import pooch

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", lambda *args, **kwargs: time.sleep(5))
    start = time.monotonic()
    assert not source.answers("http://host.invalid/", 0.05)
    assert time.monotonic() - start < 4


def test_available_tells_a_file_cut_short(cache, mirror):
    tiny(mirror[1]).load()
    assert tiny().available() == (True, "tiny is here")
    (cache / "images.gz").write_bytes((cache / "images.gz").read_bytes()[:-6])
    assert not tiny().available()[0]
    assert tiny(mirror[1]).available()[0]
