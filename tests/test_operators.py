"""What Python's operators and the composed operations record on tensors."""

import inspect

import numpy as np
import pytest

from chainrule import ops
from chainrule.errors import ArgumentError, ChainruleError, DTypeError, ShapeError
from chainrule.graph.interpreter import evaluate
from chainrule.graph.tensor import Tensor
from chainrule.spec import TensorSpec
from chainrule.testing import check_gradients


def tensor(*shape, dtype="float32"):
    return Tensor(TensorSpec(shape, np.dtype(dtype)), "x")


def run(y, given):
    return evaluate([y], given)[y]


X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], np.float32)
Y = np.array([[2.0, 0.5, -1.0], [1.0, 3.0, 2.5]], np.float32)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: (x - y)[:, 0] ** 2,
        lambda x, y: 1 - x / y + 2.5 * y - 3,
        lambda x, y: x // y + x % y,
        lambda x, y: abs(-x) ** 0.5,
        lambda x, y: 2.0 ** y,
        lambda x, y: (x > y) & ~(x <= 0) | (y >= 1),
        lambda x, y: x @ np.ones((3, 2), np.float32),
        lambda x, y: x[..., None, ::-1][:, 0, -1],
        lambda x, y: 1 / y,
    ],
    ids=range(9),
)
def test_operators_record_what_they_say(f):
    x, y = tensor(None, 3), tensor(None, 3)
    z = f(x, y)
    with np.errstate(invalid="ignore"):
        expected = f(X, Y)
    np.testing.assert_allclose(run(z, {x: X, y: Y}), expected, rtol=1e-6)
    assert z.spec.at_batch(2) == TensorSpec.of(expected)


def test_equality_stays_identity():
    x, y = tensor(2), tensor(2)
    assert x == x
    assert (x == y) is False
    assert {x: 1, y: 2}[y] == 2


SIDES = ((0, 0), (2, 1))
COMPOSED = [
    ("var", lambda x: ops.var(x, axis=1), lambda x: x.var(axis=1)),
    ("std", lambda x: ops.std(x, axis=(1,)), lambda x: x.std(axis=1)),
    ("logsumexp", lambda x: ops.logsumexp(x, axis=-1), lambda x: np.log(np.exp(x).sum(-1))),
    ("norm", lambda x: ops.norm(x, axis=-1), lambda x: np.linalg.norm(x, axis=-1)),
    ("norm 3", lambda x: ops.norm(x, ord=3, axis=-1), lambda x: np.linalg.norm(x, 3, axis=-1)),
    ("stack", lambda x: ops.stack([x, x], axis=1), lambda x: np.stack([x, x], axis=1)),
    ("repeat", lambda x: ops.repeat(x, 3, axis=1), lambda x: np.repeat(x, 3, axis=1)),
    ("repeat each", lambda x: ops.repeat(x, [0, 1, 2], axis=1), lambda x: np.repeat(x, [0, 1, 2], axis=1)),
    ("tile", lambda x: ops.tile(x, (1, 2)), lambda x: np.tile(x, (1, 2))),
    ("roll", lambda x: ops.roll(x, 1, axis=1), lambda x: np.roll(x, 1, axis=1)),
    ("flip", lambda x: ops.flip(x, axis=1), lambda x: np.flip(x, axis=1)),
    ("reflect", lambda x: ops.pad(x, SIDES, "reflect"), lambda x: np.pad(x, SIDES, "reflect")),
    ("split", lambda x: ops.split(x, 3, axis=1)[1], lambda x: np.split(x, 3, axis=1)[1]),
    ("one_hot", lambda x: ops.one_hot(ops.argmax(x, axis=1), 3), lambda x: np.eye(3, dtype="f")[x.argmax(1)]),
    ("tensordot", lambda x: ops.tensordot(x, Y.T, 1), lambda x: np.tensordot(x, Y.T, 1)),
    ("einsum", lambda x: ops.einsum("bi,ji->bj", x, Y), lambda x: np.einsum("bi,ji->bj", x, Y)),
    ("einsum alone", lambda x: ops.einsum("...i->...", x), lambda x: np.einsum("...i->...", x)),
    ("einsum outer", lambda x: ops.einsum("bi,bj->bij", x, x), lambda x: np.einsum("bi,bj->bij", x, x)),
    ("isclose", lambda x: ops.isclose(x, x + 1e-9), lambda x: np.isclose(x, x + 1e-9)),
    ("nan_to_num", lambda x: ops.nan_to_num(x / 0.0), lambda x: np.nan_to_num(x / np.float32(0))),
    ("take", lambda x: x[:, [2, 0]], lambda x: x[:, [2, 0]]),
    ("ones_like", lambda x: ops.ones_like(x), np.ones_like),
]


@pytest.mark.parametrize(("mine", "numpys"), [c[1:] for c in COMPOSED], ids=[c[0] for c in COMPOSED])
def test_compositions_with_an_unknown_batch_equal_numpy(mine, numpys):
    x = tensor(None, 3)
    y = mine(x)
    with np.errstate(all="ignore"):
        expected, eager, recorded = numpys(X), mine(X), run(y, {x: X})
    assert y.shape == (None, *expected.shape[1:])
    assert y.dtype == expected.dtype.name
    for actual in (eager, recorded):
        np.testing.assert_allclose(actual, expected, rtol=2e-6)
        assert actual.dtype == expected.dtype


@pytest.mark.parametrize(
    "letters",
    [
        "bqd,bkd->bqk", "bqhd,bkhd->bhqk", "ij,jk,kl->il", "bti,ij->btj", "i,i->", "ab,cd->abcd",
        "...ij,...jk->...ik",
    ],
)
def test_einsum_equals_numpy(letters, rng):
    sizes = dict(zip("abcdhijklqt", (2, 3, 2, 4, 2, 3, 2, 4, 3, 5, 2), strict=True))
    terms = letters.split("->")[0].replace("...", "b").split(",")
    operands = [rng.standard_normal([sizes[c] for c in term]) for term in terms]
    np.testing.assert_allclose(ops.einsum(letters, *operands), np.einsum(letters, *operands), rtol=1e-12)


def test_reshape_keeps_the_batch_unknown():
    x = tensor(None, 4, 4)
    assert ops.reshape(x, (-1, 16)).shape == (None, 16)
    assert ops.reshape(x, (None, 2, -1)).shape == (None, 2, 8)
    assert ops.flatten(x).shape == (None, 16)
    assert ops.expand_dims(x, 0).shape == (1, None, 4, 4)
    assert all(n in (-1, 16) for n in ops.reshape(x, (-1, 16)).node.attrs["newshape"])


def test_numbers_take_the_dtype_of_their_company():
    assert ops.add(np.float64([1.0]), 0.1)[0] == 1.1
    assert ops.multiply(np.int32([2]), 3).dtype == np.int32
    assert ops.divide(np.int32([1]), np.int32([2])).dtype == np.float32
    assert ops.exp(np.int32([0])).dtype == np.float32
    assert (tensor(2, dtype="int32") + 1).dtype == "int32"
    assert (tensor(2, dtype="int32") * 0.5).dtype == "float32"


def test_ties_follow_tensorflow():
    from chainrule.ops import arithmetic, reduce

    one = np.ones(2)
    dx1, dx2 = arithmetic.maximum_vjp(one, x1=np.array([1.0, 2.0]), x2=np.array([1.0, 3.0]))
    assert (dx1.tolist(), dx2.tolist()) == ([1.0, 0.0], [0.0, 1.0])
    x = np.array([3.0, 1.0, 3.0])
    (dx,) = reduce.extreme_vjp(np.array(1.0), x=x, y=x.max(), axis=(0,), keepdims=False)
    assert dx.tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda x: ops.sum(x, axis=2), ArgumentError),
        (lambda x: ops.reshape(x, (-1, 4)), ShapeError),
        (lambda x: x[:, 3], ShapeError),
        (lambda x: x[1:], ShapeError),
        (lambda x: x["a"], DTypeError),
        (lambda x: x[x > 0], DTypeError),
        (lambda x: ops.cast(x, "float99"), DTypeError),
        (lambda x: ops.concatenate([x, x]), ShapeError),
        (lambda x: ops.squeeze(x, 1), ShapeError),
        (lambda x: ops.matmul(x, np.ones((4, 2))), ShapeError),
        (lambda x: ops.einsum("ij,jk", x), ArgumentError),
        (lambda x: ops.split(x, 2, axis=1), ShapeError),
        (lambda x: x + np.ones(4), ShapeError),
        (lambda x: ops.convert_to_numpy(x), ChainruleError),
        (lambda x: ops.take(x, [0.5], axis=1), DTypeError),
    ],
    ids=range(15),
)
def test_mistakes_are_errors_where_they_are_made(wrong, error):
    with pytest.raises(error):
        wrong(tensor(None, 3))


def test_check_gradients_accepts_what_is_right(rng):
    x, w = rng.uniform(0.5, 2.0, (3, 4)), rng.standard_normal((4, 2))
    assert check_gradients(lambda x, w: ops.logsumexp(ops.log(x) @ w, axis=-1), x, w) < 1e-6
    assert check_gradients(lambda x, i: ops.take(x, i, axis=1), x, np.array([3, 0, 3])) < 1e-6
    assert check_gradients(ops.tanh if hasattr(ops, "tanh") else ops.sinh, x) < 1e-6


def test_check_gradients_names_what_is_wrong():
    with pytest.raises(ChainruleError) as caught:
        check_gradients(lambda a, b: a * ops.stop_gradient(b), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert caught.value.where == "input 1"
    assert "finite differences" in caught.value.expected
    with pytest.raises(DTypeError):
        check_gradients(lambda x: ops.argmax(x, axis=0), np.ones(3))


def test_check_gradients_moves_the_weights_of_a_layer(rng):
    layers = pytest.importorskip("chainrule.layers")
    assert check_gradients(layers.Dense(3, activation="tanh"), rng.standard_normal((2, 4))) < 1e-6


def test_public_functions_are_documented():
    for name in ops.__all__:
        assert inspect.getdoc(getattr(ops, name)), name


def test_importing_the_operations_compiles_nothing():
    import subprocess
    import sys

    code = "import sys, chainrule.ops; print([m for m in ('numba', 'scipy', 'h5py') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_truth_values_and_whole_numbers_add_up() -> None:
    total = np.array([True, False])
    assert ops.add(total, 1).tolist() == [2, 1]
    assert ops.add(total, 1).dtype == np.int32


def test_average_weighs_slices_along_its_axis() -> None:
    x = np.arange(6.0).reshape(3, 2)
    for axis, weights in ((0, [1.0, 2.0, 3.0]), (-1, [1.0, 3.0])):
        want = np.average(x, axis=axis, weights=weights)
        np.testing.assert_allclose(ops.average(x, axis=axis, weights=np.array(weights)), want)
