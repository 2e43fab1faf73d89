"""The examples run, and show what they say."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import chainrule as keras
from chainrule.datasets import mnist

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 80


def test_the_perceptron_separates_zeros_from_ones() -> None:
    assert load("perceptron").main() >= 0.98


def test_adaline_tells_threes_from_eights() -> None:
    assert load("adaline").main() >= 0.95


def test_the_network_by_hand_ends_with_the_same_weights() -> None:
    # 135 steps of sums of 64 products in float32: each rounds by about 1e-7 of weights near 1
    assert load("two_layers_by_hand").main() < 135 * 64 * np.finfo("float32").eps / 2


def test_single_samples_follow_rosenblatts_rule() -> None:
    """With a sign as output and the perceptron loss a step is w += eta (t - sign(w x + b)) x / 2, exactly."""
    rng = np.random.default_rng(0)
    x = rng.integers(-8, 9, (40, 3)).astype("float32") / 8  # exact in binary, so that the weights are too
    t = np.where(x @ [1.0, -2.0, 0.5] > 0.25, 1.0, -1.0).astype("float32")
    eta = 0.5
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sign", kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(learning_rate=eta), keras.losses.Perceptron())

    w, b = np.zeros(3, "float32"), np.float32(0)
    for sample, label in zip(x, t, strict=True):
        model.train_on_batch(sample[None], label.reshape(1, 1))
        y = np.sign(sample @ w + b)
        w = w + eta * (label - y) * sample / 2
        b = b + eta * (label - y) / 2
        kernel, bias = model.get_weights()
        np.testing.assert_array_equal(kernel[:, 0], w)
        np.testing.assert_array_equal(bias, [b])


# The examples on real data: here on small files of the same format; on the data themselves with `make slow`.

RNG = np.random.default_rng(0)


@pytest.fixture
def small_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """IDX files of digits: the built-in ones, each pixel grown to 3x3, in a field of 28x28."""
    (x, y), (x_test, y_test) = keras.datasets.digits.load_data()
    files = []
    for file, array in zip(mnist.SOURCE.files, (x[:80], y[:80], x_test[:20], y_test[:20]), strict=True):
        values = array.astype(np.uint8)
        if values.ndim == 3:
            values = np.pad((values * 15).repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))
        sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
        content = bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()
        (tmp_path / file.name).write_bytes(gzip.compress(content))
        files.append(replace(file, shape=values.shape, sha256=hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(mnist, "SOURCE", replace(mnist.SOURCE, files=tuple(files)))
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))


def small(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **arrays: np.ndarray) -> None:
    """An archive of these arrays where the examples look for it."""
    (tmp_path / name).parent.mkdir()
    np.savez(tmp_path / name, **arrays)
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))


def test_the_convnet_of_keras(small_mnist: None) -> None:
    assert 0 <= load("mnist_convnet").main(epochs=1) <= 1


def test_the_autoencoder_learns_to_take_noise_away(small_mnist: None) -> None:
    example = load("denoising_autoencoder")
    assert example.main(epochs=20) < example.main(epochs=1)


def test_membranes_are_told_from_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = np.repeat(np.repeat(RNG.random((5, 16, 16)) < 0.8, 8, axis=1), 8, axis=2).astype(np.uint8)
    images = (masks * 120 + RNG.integers(0, 80, masks.shape)).astype(np.uint8)
    small("membrane/membrane-30x512.npz", tmp_path, monkeypatch, images=images, masks=masks)
    example = load("cell_membranes")
    monkeypatch.setattr(example, "TILE", 32)
    assert example.main(epochs=2) > 0.5


def test_digits_are_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = RNG.integers(1200, 9000, 30)
    offsets = np.concatenate([[0], lengths.cumsum()])
    samples = RNG.integers(-3000, 3000, offsets[-1]).astype(np.int16)
    labels, test = (np.arange(30) % 10).astype(np.uint8), (np.arange(30) < 10).astype(np.uint8)
    arrays = {"samples": samples, "offsets": offsets, "labels": labels, "test": test}
    small("fsdd/fsdd.npz", tmp_path, monkeypatch, **arrays)
    assert 0 <= load("spoken_digits").main(epochs=1) <= 1


def test_photographs_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {}
    for part, count in (("train", 64), ("test", 20)):
        arrays[f"x_{part}"] = RNG.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)
        arrays[f"y_{part}"] = RNG.integers(0, 10, count).astype(np.uint8)
    small("cifar10/cifar10-4k-1k.npz", tmp_path, monkeypatch, **arrays)
    assert 0 <= load("cifar10").main(epochs=1) <= 1


needs_data = pytest.mark.skipif("CHAINRULE_DATA" not in os.environ, reason="CHAINRULE_DATA names no folder with data")


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize(
    ("name", "epochs", "least"),
    [
        ("mnist_mlp", 2, 0.96),
        ("mnist_convnet", 2, 0.98),
        ("spoken_digits", 20, 0.95),
        ("cell_membranes", 4, 0.90),
        ("cifar10", 40, 0.60),
    ],
)
def test_an_example_on_real_data(name: str, epochs: int, least: float) -> None:
    assert load(name).main(epochs=epochs) >= least


@pytest.mark.slow
@needs_data
def test_the_autoencoder_takes_most_of_the_noise_away() -> None:
    assert load("denoising_autoencoder").main(epochs=1) < 0.3
