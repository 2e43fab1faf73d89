"""Random numbers: the published words, the right distributions, the same in formula and kernel."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (registers the operations)
from chainrule import random
from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.philox import MASK, normal_quantile, open_uniform, philox, words
from chainrule.ops.primitive import PRIMITIVES

# Known answers of Philox4x32-10 published with Random123: counter, key, words.
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
KNOWN = [
    ((0,) * 4, (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((MASK,) * 4, (MASK, MASK), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (*PI, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter, key, expected):
    made = philox(tuple(np.array([c], np.uint64) for c in counter), key)
    assert tuple(int(c[0]) for c in made) == expected


def test_words_depend_on_their_number_alone():
    stream = words(5000, 1, 2)
    for n in (0, 1, 255, 300, 1024, 1025):
        np.testing.assert_array_equal(words(n, 1, 2), stream[:n])
    assert (words(5000, 1, 3) != stream).mean() > 0.99
    assert (words(5000, 2, 2) != stream).mean() > 0.99
    assert stream[1] == philox(tuple(np.array([c], np.uint64) for c in (1, 0, 2, 0)), (1, 0))[0][0]


def test_quantiles_of_the_normal_distribution():
    for z in (-6.0, -2.5, -0.5, 0.0, 0.3, 1.0, 4.0):
        u = 0.5 * math.erfc(-z / math.sqrt(2))
        np.testing.assert_allclose(normal_quantile(np.array(u)), z, rtol=1e-7, atol=1e-15)
    extremes = normal_quantile(open_uniform(np.array([0, MASK], np.uint32)))
    assert extremes[0] == -extremes[1] < -6


N = 1 << 16


# Means of N numbers stay within 5 standard errors: one seed, so the test cannot fail by chance.
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments(dtype):
    x = random.uniform((N,), -1, 3, dtype=dtype, seed=1).astype("float64")
    assert abs(x.mean() - 1) < 5 * (4 / math.sqrt(12)) / math.sqrt(N)
    assert x.min() >= -1
    assert x.max() < 3
    z = random.normal((N,), 2.0, 0.5, dtype=dtype, seed=2).astype("float64")
    assert abs(z.mean() - 2) < 5 * 0.5 / math.sqrt(N)
    assert abs(z.var() / 0.25 - 1) < 5 * math.sqrt(2 / N)
    t = random.truncated_normal((N,), 1.0, 2.0, dtype=dtype, seed=3)
    assert abs(t - 1).max() <= 4
    # A standard normal cut at +-2 has the variance 1 - 4 phi(2) / (Phi(2) - Phi(-2)) = 0.7737.
    assert abs(((t.astype("float64") - 1) / 2).var() - 0.77374) < 5 * math.sqrt(2 / N)
    assert x.shape == z.shape == (N,)
    assert random.normal((2, 3), dtype=dtype, seed=1).dtype == dtype


def test_whole_numbers_and_classes():
    counts = np.bincount(random.randint((N,), 0, 6, seed=1), minlength=6)
    assert abs(counts - N / 6).max() < 5 * math.sqrt(N * 5 / 36)
    p = np.array([0.1, 0.6, 0.3])
    drawn = random.categorical(np.log(np.stack([p, p])), N, seed=1)
    assert drawn.shape == (2, N)
    assert drawn.dtype == "int32"
    for row in drawn:
        assert abs(np.bincount(row, minlength=3) / N - p).max() < 5 * 0.5 / math.sqrt(N)
    assert (drawn[0] != drawn[1]).any()


def test_other_distributions():
    pytest.importorskip("scipy")
    assert abs(random.gamma((N,), 3.0, seed=1).mean() - 3) < 5 * math.sqrt(3 / N)
    assert abs(random.beta((N,), 2.0, 3.0, seed=1).mean() - 0.4) < 5 * 0.2 / math.sqrt(N)
    assert abs(random.binomial((N,), 10, 0.3, seed=1).mean() - 3) < 5 * math.sqrt(2.1 / N)


def test_seeds():
    same = [random.normal((5,), seed=7) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    generator = random.SeedGenerator(7)
    first, second = random.normal((5,), seed=generator), random.normal((5,), seed=generator)
    np.testing.assert_array_equal(first, same[0])
    assert (first != second).all()
    again = random.SeedGenerator.from_config(generator.get_config())
    np.testing.assert_array_equal(random.normal((5,), seed=again), first)
    assert generator.state.dtype == "uint32"
    assert generator.state.numpy().tolist() == [7, 2]


def test_the_process_s_generator():
    random.set_seed(3)
    a, b, seed = random.normal((4,)), random.normal((4,)), random.new_seed()
    random.set_seed(3)
    np.testing.assert_array_equal(random.normal((4,)), a)
    np.testing.assert_array_equal(random.normal((4,)), b)
    assert random.new_seed() == seed
    assert random.new_seed() != seed
    assert (a != b).all()


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "a", True])
def test_what_is_not_a_seed(seed):
    with pytest.raises(ArgumentError, match="not a seed"):
        random.uniform((2,), seed=seed)


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="no numbers"):
        random.randint((2,), 3, 3)
    with pytest.raises(ShapeError, match="negative"):
        random.uniform((-1,))
    with pytest.raises(ArgumentError, match="unknown arguments"):
        random.SeedGenerator(1, color="red")
    with pytest.raises(ArgumentError, match="rate"):
        random.dropout(np.ones(3), 1.5)
    with pytest.raises(ShapeError, match="noise shape"):
        random.dropout(np.ones((3, 4)), 0.5, noise_shape=(2, 4))


def test_permutations():
    for n in (0, 1, 2, 1000):
        np.testing.assert_array_equal(np.sort(random.permutation(n, 1, 0)), np.arange(n))
    assert (random.permutation(1000, 1, 0) != random.permutation(1000, 1, 1)).mean() > 0.9
    # Each of the 6 orders of 3 things comes as often as the others.
    orders = [random.permutation(3, 5, s).dot([9, 3, 1]) for s in range(1200)]
    counts = np.unique(orders, return_counts=True)[1]
    assert len(counts) == 6
    assert abs(counts - 200).max() < 5 * math.sqrt(200 * 5 / 6)
    x = np.arange(12).reshape(3, 4)
    assert sorted(random.shuffle(x, axis=1, seed=1)[0].tolist()) == [0, 1, 2, 3]


def test_dropout_drops_its_share_and_keeps_the_mean():
    x = np.ones((256, 256), np.float32)
    y = random.dropout(x, 0.25, seed=1)
    assert abs((y == 0).mean() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / x.size)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    rows = random.dropout(x, 0.5, noise_shape=(None, 1), seed=1)
    assert (rows == rows[:, :1]).all()
    np.testing.assert_array_equal(random.dropout(x, 0.0, seed=1), x)
    assert not random.dropout(x, 1.0, seed=1).any()


def test_alpha_dropout_keeps_mean_and_variance():
    x = random.normal((256, 256), seed=1).astype("float64")
    y = PRIMITIVES["alpha_dropout"](x, np.array([2, 0], np.uint32), rate=0.2)
    assert abs(y.mean()) < 5 / math.sqrt(x.size)
    assert abs(y.var() - 1) < 0.03  # the kurtosis of what is dropped makes the standard error about 0.006


def test_noise_has_its_spread():
    x, state = np.ones((256, 256)), np.array([1, 0], np.uint32)
    bound = 5 * 0.5 / math.sqrt(2 * x.size)
    assert abs(PRIMITIVES["gaussian_noise"](x, state, stddev=0.5).std() - 0.5) < bound
    y = PRIMITIVES["gaussian_dropout"](x, state, rate=0.2)
    assert abs(y.std() - 0.5) < bound


NAMES = "dropout", "alpha_dropout", "gaussian_noise", "gaussian_dropout"
EXAMPLES = [(PRIMITIVES[name], example) for name in NAMES for example in PRIMITIVES[name].examples]


@pytest.mark.parametrize(("primitive", "example"), EXAMPLES, ids=lambda x: getattr(x, "name", None) or x.id)
def test_kernels_draw_the_same_words(primitive, example):
    pytest.importorskip("numba")
    given = example.inputs(np.random.default_rng(0))
    given["x"] = given["x"].astype("float32")
    outputs = primitive.forward(*given.values(), **example.attrs)
    poisoned = [np.full_like(y, 1 if y.dtype == bool else np.nan) for y in outputs]
    call = primitive.kernels.forward(*poisoned, *given.values(), **example.attrs)
    call.run()
    for y, expected in zip(poisoned, outputs, strict=True):
        assert y.dtype == expected.dtype
        np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)
    given["state"][1] += 1  # the next step: the same bound call draws other numbers
    call.run()
    later = primitive.forward(*given.values(), **example.attrs)
    np.testing.assert_allclose(poisoned[0], later[0], rtol=1e-6, atol=1e-6)
