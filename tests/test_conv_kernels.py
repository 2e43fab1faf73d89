"""Convolution's methods: which is chosen, how near each comes to the formula, and that threads change no bit."""

import numpy as np
import pytest

from chainrule import config
from chainrule.kernels.conv_method import plan_of
from chainrule.kernels.threads import one_pool
from chainrule.ops.primitive import PRIMITIVES
from chainrule.spec import TensorSpec

ONE = {"strides": (1, 1), "padding": "same", "dilation": (1, 1), "groups": 1}
CONV = PRIMITIVES["conv"]


@pytest.mark.parametrize(
    ("x", "w", "changed", "method"),
    [
        ((2, 28, 28, 1), (3, 3, 1, 32), {}, "direct"),  # few channels
        ((2, 32, 32, 64), (3, 3, 64, 64), {}, "winograd4"),
        ((2, 2, 2, 64), (3, 3, 64, 64), {}, "winograd2"),  # a tile of 4 would be mostly outside
        ((2, 16, 16, 32), (3, 3, 32, 32), {"strides": (2, 2)}, "direct"),
        ((2, 16, 16, 32), (3, 3, 32, 32), {"dilation": (2, 2)}, "direct"),
        ((2, 16, 16, 32), (5, 5, 32, 32), {}, "direct"),
        ((2, 16, 16, 32), (1, 1, 32, 32), {}, "direct"),
        ((2, 16, 16, 32), (3, 3, 16, 32), {"groups": 2}, "direct"),
        ((2, 16, 16, 32), (3, 3, 1, 32), {"groups": 32}, "depthwise"),
    ],
)
def test_method_for_a_shape(x, w, changed, method):
    assert plan_of(x, w, **(ONE | changed)).method == method


def test_the_plan_does_not_ask_for_threads():
    """Pieces and sums follow from the shapes, or results would depend on the machine."""
    shapes = ((64, 32, 32, 64), (3, 3, 64, 64))
    plans = []
    before = config.threads()
    for count in (1, 2):
        config.set_threads(count)
        plans.append(plan_of(*shapes, **ONE))
    config.set_threads(before)
    assert plans[0] == plans[1]
    assert plans[0].cuts == 8


def run(x, w, b, dy, attrs):
    """y, dx, dw, db by kernels."""
    specs = [TensorSpec.of(a) for a in (x, w, b)]
    kernels = CONV.kernels
    y, results = np.full(CONV.infer(*specs, **attrs)[0].shape, np.nan, x.dtype), []

    def room(workspace):
        return tuple(np.full(s.shape, np.nan, s.dtype) for s in workspace(*specs, **attrs))

    with one_pool():
        kernels.forward(y, x, w, b, **attrs, workspace=room(kernels.forward_workspace)).run()
        results = [np.full(a.shape, np.nan, a.dtype) for a in (x, w, b)]
        kernels.vjp(*results, dy, x, w, **attrs, workspace=room(kernels.vjp_workspace)).run()
    return [y, *results]


def case(shape, filters, changed=None):
    attrs = ONE | (changed or {})
    rng = np.random.default_rng(7)
    x, w, b = (rng.standard_normal(s).astype("float32") for s in (shape, filters, filters[-1:]))
    (spec,) = CONV.infer(*map(TensorSpec.of, (x, w, b)), **attrs)
    return x, w, b, rng.standard_normal(spec.shape).astype("float32"), attrs


CASES = {
    "winograd4": case((9, 10, 9, 32), (3, 3, 32, 48)),
    "winograd4-valid": case((9, 12, 11, 32), (3, 3, 32, 48), {"padding": "valid"}),
    "winograd2": case((40, 2, 3, 32), (3, 3, 32, 48)),
    "direct": case((9, 12, 11, 5), (5, 5, 5, 18), {"strides": (2, 1)}),
    "direct-convolving-dy": case((9, 12, 11, 5), (5, 5, 5, 18), {"padding": ((0, 3), (2, 0))}),
    "direct-scattering-dy": case((9, 7, 6, 5), (5, 5, 5, 18), {"padding": "valid"}),
    "depthwise": case((9, 14, 12, 40), (3, 3, 1, 40), {"groups": 40}),
    "depthwise-strided": case((9, 14, 12, 40), (3, 3, 1, 40), {"groups": 40, "strides": (2, 2)}),
}
# Each result is a sum of products.  Rounding makes an error of some eps of the size of its terms, which the root of
# their number tells; Winograd's matrices amplify it (kernels/winograd.py).
AMPLIFIED = {"winograd4": 20.0, "winograd2": 2.0}


@pytest.mark.parametrize("name", CASES)
def test_each_method_equals_the_formula(name):
    x, w, b, dy, attrs = CASES[name]
    assert plan_of(x.shape, w.shape, **attrs).method == name.split("-")[0]
    exact = [a.astype("float64") for a in (x, w, b)]
    expected = [
        *CONV.forward(*exact, **attrs), *CONV.vjp(dy.astype("float64"), x=exact[0], w=exact[1], **attrs)
    ]
    terms = [w[..., 0].size, w[..., 0].size, dy[..., 0].size, dy[..., 0].size]
    for actual, right, count in zip(run(x, w, b, dy, attrs), expected, terms, strict=True):
        bound = AMPLIFIED.get(name.split("-")[0], 2.0) * np.finfo("float32").eps * np.sqrt(count) * 4
        assert np.abs(actual - right).max() <= bound * np.abs(right).max()


@pytest.mark.parametrize("name", ["winograd4", "direct", "depthwise"])
def test_the_bits_do_not_depend_on_threads(name):
    x, w, b, dy, attrs = CASES[name]
    before, results = config.threads(), []
    for count in (1, 2):
        config.set_threads(count)
        results.append(run(x, w, b, dy, attrs))
    config.set_threads(before)
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_plan_says_what_it_chose_and_why():
    from chainrule import layers, models

    model = models.Sequential(
        [
            layers.Input((28, 28, 1)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(2),
            layers.Conv2D(16, 3), layers.DepthwiseConv2D(3), layers.Conv2D(8, 3, strides=2), layers.Flatten(),
            layers.Dense(3),
        ]
    )  # fmt: skip
    model.predict(np.zeros((2, 28, 28, 1), "float32"), verbose=0)
    (step,) = model._steps.values()
    text = str(step.plan.explain((2, 28, 28, 1)))
    for said in (
        "direct (fewer than 16 channels or filters)",
        "winograd4 (324 products instead of 1,089 for a channel and a filter)",
        "depthwise (a filter for each channel)",
        "direct (strides or dilation)",
        "weights read as they lie (few samples)",
    ):
        assert said in text
