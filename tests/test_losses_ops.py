"""The fused losses: worked by hand, safe for labels out of range; test_primitives.py holds kernels to formulas."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import ShapeError
from chainrule.ops import losses
from chainrule.ops.primitive import PRIMITIVES


def test_cross_entropy_worked_by_hand():
    # Probabilities 1/8, 2/8, 5/8; the loss of the second class is log 4.
    logits = np.log(np.array([[1.0, 2.0, 5.0]]))
    one_hot = np.array([[0.0, 1.0, 0.0]])
    loss, p = losses.softmax_cross_entropy.forward(logits, one_hot)
    np.testing.assert_allclose(loss, [np.log(4)])
    np.testing.assert_allclose(p, [[0.125, 0.25, 0.625]])
    dz, _ = losses.softmax_cross_entropy.vjp(np.ones(1), targets=one_hot, p=p)
    np.testing.assert_allclose(dz, [[0.125, -0.75, 0.625]])
    np.testing.assert_allclose(losses.sparse_softmax_cross_entropy(logits, np.array([1])), [np.log(4)])
    np.testing.assert_allclose(losses.categorical_cross_entropy(4 * p, one_hot), [np.log(4)])
    loss = losses.sparse_categorical_cross_entropy(0.4 * p, np.array([1]))
    np.testing.assert_allclose(loss, [np.log(4)])


def test_mean_errors_worked_by_hand():
    x, t = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[1.0, 4.0], [3.0, -1.0]])
    np.testing.assert_array_equal(losses.mean_squared_error(x, t), [2.0, 5.0])
    np.testing.assert_array_equal(losses.mean_absolute_error(x, t), [1.0, 2.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_far_apart_do_not_overflow(dtype):
    z = np.array([[1e30, 0.0, -1e30]], dtype)
    loss, p = losses.softmax_cross_entropy.forward(z, np.array([[1, 0, 0]], dtype))
    assert loss[0] == 0
    assert p.tolist() == [[1, 0, 0]]
    np.testing.assert_allclose(losses.sparse_softmax_cross_entropy(z, np.array([1])), [1e30], rtol=1e-6)
    loss = losses.sigmoid_cross_entropy(z, np.zeros_like(z))
    np.testing.assert_allclose(loss, [[1e30, np.log(2), 0]], rtol=1e-6)


def test_probabilities_are_clipped():
    p, t = np.array([[0.0, 1.0]], np.float32), np.array([[1.0, 0.0]], np.float32)
    np.testing.assert_allclose(losses.categorical_cross_entropy(p, t), [-np.log(1e-7)], rtol=1e-6)
    assert losses.categorical_cross_entropy.vjp(np.ones(1, "float32"), p=p, targets=t)[0].tolist() == [[0, 0]]
    # Keras clips before it normalises where the targets are labels.
    unnormalised = np.array([[0.2, 0.0, 0.0]], np.float32)
    loss = losses.sparse_categorical_cross_entropy(unnormalised, np.array([1]))
    np.testing.assert_allclose(loss, [np.log(0.2) - np.log(1e-7)], rtol=1e-5)


@pytest.mark.parametrize("name", ["sparse_softmax_cross_entropy", "sparse_categorical_cross_entropy"])
@pytest.mark.parametrize("labels", [[0, 3, -1, 2], [0.0, 3.0, np.nan, 2.0]])
def test_labels_out_of_range_give_nan(name, labels):
    primitive = PRIMITIVES[name]
    x = np.full((4, 3), 0.3, np.float32)
    labels = np.array(labels)
    outputs = primitive.forward(x, labels)
    assert np.isnan(outputs[0]).tolist() == [False, True, True, False]
    poisoned = [np.zeros_like(y) for y in outputs]
    primitive.kernels.forward(*poisoned, x, labels).run()
    np.testing.assert_allclose(poisoned[0], outputs[0], rtol=1e-6)
    dx = np.zeros_like(x)
    saved = {"labels": labels, "p": outputs[-1] if len(outputs) > 1 else x}
    order = [saved[k] for k in primitive.saves]
    primitive.kernels.vjp(dx, None, np.ones(4, np.float32), *order).run()
    assert np.isnan(dx).all(axis=1).tolist() == [False, True, True, False]
    np.testing.assert_allclose(dx, primitive.vjp(np.ones(4, np.float32), **saved)[0], rtol=1e-5)


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match="without `sparse`"):
        losses.sparse_softmax_cross_entropy(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="differ in shape"):
        losses.softmax_cross_entropy(np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(ShapeError, match="empty"):
        losses.mean_squared_error(np.zeros((4, 0)), np.zeros((4, 0)))
