"""Every primitive, against its own statement.  Nothing here names an operation.

Tolerances follow from the arithmetic: a result that takes k operations per element differs between two
orders of them by at most about k roundings of the largest number on the way.
"""

import inspect

import numpy as np
import pytest

import chainrule.ops  # registers the primitives
import chainrule.ops.activations
import chainrule.ops.affine
import chainrule.ops.conv
import chainrule.ops.conv_fused
import chainrule.ops.intensity
import chainrule.ops.losses
import chainrule.ops.resampling
import chainrule.ops.softmax  # noqa: F401
from chainrule.kernels.contiguous import contiguous
from chainrule.ops.primitive import PRIMITIVES
from chainrule.spec import TensorSpec
from chainrule.testing.gradients import TOLERANCE, directional_error, elementwise_error

CASES = [pytest.param(p, e, id=f"{p.name}-{e.id}") for p in PRIMITIVES.values() for e in p.examples]
FIRST = [pytest.param(p, p.examples[0], id=p.name) for p in PRIMITIVES.values()]
DERIVED = [case for case in CASES if case.values[0].vjp is not None]
SPECIAL = (np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, 0.0, -0.0)


def draw(example, rng, dtype="float64"):
    """The example's inputs, its floats of one dtype."""
    arrays = map(np.asarray, example.inputs(rng).values())
    return [x.astype(dtype) if x.dtype.kind == "f" else x for x in arrays]


def forward(primitive, inputs, attrs):
    with np.errstate(all="ignore"):
        return [np.asarray(y) for y in primitive.forward(*inputs, **attrs)]


def saved(primitive, inputs, outputs):
    """The arrays and the shapes that the VJP reads."""
    if primitive.variadic:
        named = {primitive.inputs[0]: inputs}
        shapes = {name: tuple(x.shape for x in inputs) for name in primitive.shapes}
    else:
        named = dict(zip(primitive.inputs, inputs, strict=True))
        shapes = {name: named[name].shape for name in primitive.shapes if name in named}
    named.update(zip(primitive.outputs, outputs, strict=True))
    shapes |= {name: named[name].shape for name in primitive.shapes if name in primitive.outputs}
    return {n: named[n] for n in primitive.saves}, {f"{n}_shape": s for n, s in shapes.items()}


def vjp(primitive, dy, inputs, outputs, attrs):
    arrays, shapes = saved(primitive, inputs, outputs)
    with np.errstate(all="ignore"):
        gradients = primitive.vjp(dy, **arrays, **shapes, **attrs)
    assert len(gradients) == len(inputs)
    return gradients


def upstream(y, rng):
    return np.asarray(rng.standard_normal(y.shape)).astype(y.dtype if y.dtype.kind == "f" else np.float64)


def poisoned(shape, dtype):
    """An array full of what no kernel writes: whatever stays unwritten shows."""
    array = np.empty(shape, dtype)
    array[...] = {"f": np.nan, "b": True}.get(array.dtype.kind, 77)
    return array


def scratch(workspace, inputs, attrs):
    specs = workspace(*map(TensorSpec.of, inputs), **attrs)
    return {"workspace": tuple(poisoned(s.shape, s.dtype) for s in specs)} if specs else {}


def kernel_forward(primitive, inputs, attrs, around=lambda bind: bind):
    specs = primitive.infer(*map(TensorSpec.of, inputs), **attrs)
    outputs = [poisoned(s.shape, s.dtype) for s in specs]
    kernels = primitive.kernels
    with np.errstate(all="ignore"):
        bind = around(kernels.forward)
        bind(*outputs, *inputs, **attrs, **scratch(kernels.forward_workspace, inputs, attrs)).run()
    return outputs


def kernel_vjp(primitive, dy, inputs, outputs, attrs, wanted):
    kernels = primitive.kernels
    targets = [poisoned(x.shape, x.dtype) if w else None for x, w in zip(inputs, wanted, strict=True)]
    arrays, shapes = saved(primitive, inputs, outputs)
    with np.errstate(all="ignore"):
        call = kernels.vjp(
            *targets, dy, *arrays.values(), **shapes, **attrs, **scratch(kernels.vjp_workspace, inputs, attrs)
        )
        call.run()
    return targets


def slack(primitive, inputs, attrs, arrays):
    """How far two orders of the same arithmetic may lie apart."""
    dtype = next((x.dtype for x in inputs if x.dtype.kind == "f"), np.dtype("float64"))
    specs = [TensorSpec.of(x) for x in inputs]
    outputs = primitive.infer(*specs, **attrs)
    each = primitive.flops(specs, outputs, **attrs) / max(outputs[0].size, 1)
    floats = [a[np.isfinite(a)] for a in arrays if a is not None and a.dtype.kind == "f"]
    sizes = [np.abs(a).max(initial=1.0) for a in floats]
    return (8 + each) * float(np.finfo(dtype).eps) * max(sizes, default=1.0)


def assert_close(actual, expected, tolerance):
    """Equal within the tolerance, relative for numbers above 1; NaN and infinities in the same places."""
    assert actual.shape == np.shape(expected)
    if actual.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected)
    else:
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def wanted_by(primitive, inputs, gradients):
    return [dx is not None and x.dtype.kind == "f" for x, dx in zip(inputs, gradients, strict=True)]


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_every_primitive_has_a_source_and_examples(primitive):
    assert primitive.source
    assert len(primitive.examples) >= 3
    assert len({e.id for e in primitive.examples}) == len(primitive.examples)
    assert inspect.getdoc(primitive.forward), "the formula"
    derivative = primitive.elementwise_vjp or primitive.vjp
    assert derivative is None or inspect.getdoc(derivative), "the derivative"


@pytest.mark.parametrize(("primitive", "example"), CASES)
def test_infer_tells_the_truth(primitive, example, rng):
    for dtype in ("float32", "float64"):
        inputs = draw(example, rng, dtype)
        specs = primitive.infer(*map(TensorSpec.of, inputs), **example.attrs)
        outputs = forward(primitive, inputs, example.attrs)
        assert [(s.shape, s.dtype) for s in specs] == [(y.shape, y.dtype) for y in outputs]


@pytest.mark.parametrize(("primitive", "example"), CASES)
def test_infer_with_an_unknown_batch_agrees_with_every_batch(primitive, example, rng):
    """If all leading axes of the same size may be unknown, the result is right once they are known."""
    inputs = [TensorSpec.of(x) for x in draw(example, rng)]
    concrete = primitive.infer(*inputs, **example.attrs)
    batch = next((s.shape[0] for s in inputs if s.shape), 1)
    unknown = [s.with_shape(None, *s.shape[1:]) if s.shape[:1] == (batch,) else s for s in inputs]
    try:
        specs = primitive.infer(*unknown, **example.attrs)
    except ValueError:
        return  # an operation on the axis itself may refuse to guess
    assert [s.at_batch(batch) for s in specs] == list(concrete)


@pytest.mark.parametrize(("primitive", "example"), DERIVED)
def test_vjp_is_the_derivative(primitive, example, rng):
    inputs = draw(example, rng)
    outputs = forward(primitive, inputs, example.attrs)
    dy = upstream(outputs[0], rng)
    gradients = vjp(primitive, dy, inputs, outputs, example.attrs)
    for k, gradient in enumerate(gradients):
        if gradient is None or inputs[k].dtype.kind != "f":
            continue
        assert gradient.shape == inputs[k].shape

        def f(value, k=k):
            changed = [value if j == k else x for j, x in enumerate(inputs)]
            return np.vdot(forward(primitive, changed, example.attrs)[0], dy)

        assert directional_error(f, inputs[k], gradient, rng) < TOLERANCE
        if inputs[k].size <= 12:
            assert elementwise_error(f, inputs[k], gradient) < TOLERANCE


@pytest.mark.parametrize(("primitive", "example"), DERIVED)
def test_a_gradient_wrong_by_one_part_in_ten_thousand_is_refused(primitive, example, rng):
    inputs = draw(example, rng)
    outputs = forward(primitive, inputs, example.attrs)
    dy = upstream(outputs[0], rng)
    for k, gradient in enumerate(vjp(primitive, dy, inputs, outputs, example.attrs)):
        if gradient is None or inputs[k].dtype.kind != "f" or not np.any(gradient):
            continue
        wrong = np.array(gradient)
        wrong.flat[np.abs(wrong).argmax()] *= 1 + 1e-4

        def f(value, k=k):
            changed = [value if j == k else x for j, x in enumerate(inputs)]
            return np.vdot(forward(primitive, changed, example.attrs)[0], dy)

        assert any(directional_error(f, inputs[k], wrong, rng) > TOLERANCE for _ in range(8))


def loop_of(primitive, example):
    """What decides, beside the formula, which loop a derived kernel is: the inputs that are one number for all."""
    sizes = [np.size(x) for x in example.inputs(np.random.default_rng(0)).values()]
    return (*(size == 1 != max(sizes) for size in sizes), len(example.attrs), primitive.vjp is None)


def is_derived(primitive):
    return primitive.elementwise and not primitive.kernels_at


def compilations():
    """The examples, and the dtypes in which their kernels run; nearly all the time here goes into compiling.

    The first example runs in both dtypes.  The others of a kernel written by hand run in float32, whose
    roundings are the larger.  Derived kernels differ by their formula alone, since one function writes all
    loops: a loop that the first example does not need runs with the first formula that has it.
    """
    seen = set()
    for case in CASES:
        primitive, example = case.values
        first = primitive.examples[0]
        if example is first:
            dtypes = ("float64", "float32")
        elif is_derived(primitive):
            loop = loop_of(primitive, example)
            dtypes = ("float64",) if loop == loop_of(primitive, first) or loop not in seen else ()
            seen.add(loop)
        else:
            dtypes = ("float32",)
        for dtype in dtypes:
            yield pytest.param(primitive, example, dtype, id=f"{case.id}-{dtype}")


def first_of_each_loop():
    """The first examples whose kernels may leave something out; of derived kernels, one for each loop."""
    seen = set()
    for case in FIRST:
        primitive, example = case.values
        loop = loop_of(primitive, example) if is_derived(primitive) else primitive.name
        if primitive.vjp is not None and loop not in seen:
            seen.add(loop)
            yield case


COMPILED = list(compilations())


@pytest.mark.parametrize(("primitive", "example", "dtype"), COMPILED)
def test_kernels_equal_the_formulas_on_poisoned_buffers(primitive, example, dtype, rng):
    if primitive.kernels is None:
        return
    inputs = draw(example, rng, dtype)
    before = [x.copy() for x in inputs]
    expected = forward(primitive, inputs, example.attrs)
    actual = kernel_forward(primitive, inputs, example.attrs)
    tolerance = slack(primitive, inputs, example.attrs, [*inputs, *expected])
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, tolerance)

    if primitive.vjp is not None:
        dy = upstream(expected[0], rng)
        gradients = vjp(primitive, dy, inputs, expected, example.attrs)
        wanted = wanted_by(primitive, inputs, gradients)
        tolerance = slack(primitive, inputs, example.attrs, [*inputs, *expected, dy, *gradients])
        smallest = min((x.size for x in inputs), default=1)
        tolerance *= max(1, dy.size // max(smallest, 1))  # the terms of a sum over a repeated input
        for a, e, w in zip(
            kernel_vjp(primitive, dy, inputs, expected, example.attrs, wanted), gradients, wanted, strict=True
        ):
            if w:
                assert_close(a, e, tolerance)
    for x, b in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, b)


@pytest.mark.parametrize(("primitive", "example"), list(first_of_each_loop()))
def test_kernels_leave_out_the_cotangents_that_nobody_wants(primitive, example, rng):
    if primitive.kernels is None:
        return
    inputs = draw(example, rng, "float32")
    outputs = forward(primitive, inputs, example.attrs)
    dy = upstream(outputs[0], rng)
    gradients = vjp(primitive, dy, inputs, outputs, example.attrs)
    wanted = wanted_by(primitive, inputs, gradients)
    tolerance = slack(primitive, inputs, example.attrs, [*inputs, *outputs, dy, *gradients]) * 8
    for left_out in range(len(inputs)):
        some = [w and k != left_out for k, w in enumerate(wanted)]
        if not any(some):  # a step whose results nobody wants is no step
            continue
        actual = kernel_vjp(primitive, dy, inputs, outputs, example.attrs, some)
        for a, e, w in zip(actual, gradients, some, strict=True):
            if w:
                assert_close(a, e, tolerance)


def every_second(x):
    """The same numbers as every second element of a larger array."""
    wide = poisoned((*x.shape[:-1], 2 * x.shape[-1]) if x.ndim else (2,), x.dtype)
    view = wide[..., ::2] if x.ndim else wide[0:1].reshape(())
    view[...] = x
    return view


@pytest.mark.parametrize(("primitive", "example"), CASES)
def test_formulas_of_inputs_that_are_not_contiguous(primitive, example, rng):
    inputs = draw(example, rng)
    expected = forward(primitive, inputs, example.attrs)
    tolerance = slack(primitive, inputs, example.attrs, [*inputs, *expected])
    for a, e in zip(forward(primitive, map(every_second, inputs), example.attrs), expected, strict=True):
        assert_close(a, e, tolerance)


@pytest.mark.parametrize(("primitive", "example", "dtype"), COMPILED)
def test_kernels_of_inputs_that_are_not_contiguous(primitive, example, dtype, rng):
    if primitive.kernels is None:
        return
    inputs = draw(example, rng, dtype)
    expected = forward(primitive, inputs, example.attrs)
    tolerance = slack(primitive, inputs, example.attrs, [*inputs, *expected])
    strided = list(map(every_second, inputs))
    for a, e in zip(kernel_forward(primitive, strided, example.attrs, contiguous), expected, strict=True):
        assert_close(a, e, tolerance)


@pytest.mark.parametrize(("primitive", "example"), FIRST)
def test_an_empty_batch(primitive, example, rng):
    inputs = draw(example, rng)
    batch = next((x.shape[0] for x in inputs if x.ndim), None)
    empty = [x[:0] if x.ndim and x.shape[0] == batch else x for x in inputs]
    try:
        specs = primitive.infer(*map(TensorSpec.of, empty), **example.attrs)
        expected = forward(primitive, empty, example.attrs)
    except (ValueError, IndexError):
        return  # the largest of nothing, a place in nothing
    assert [s.shape for s in specs] == [y.shape for y in expected]
    if primitive.kernels is None:
        return
    for a, e in zip(kernel_forward(primitive, empty, example.attrs), expected, strict=True):
        assert_close(a, e, 0.0)
    if primitive.vjp is not None:
        dy = upstream(expected[0], rng)
        gradients = vjp(primitive, dy, empty, expected, example.attrs)
        wanted = wanted_by(primitive, empty, gradients)
        actual = kernel_vjp(primitive, dy, empty, expected, example.attrs, wanted)
        for a, e, w in zip(actual, gradients, wanted, strict=True):
            if w:
                assert_close(a, e, 0.0)


@pytest.mark.parametrize("special", SPECIAL, ids=str)
@pytest.mark.parametrize(("primitive", "example"), FIRST)
def test_huge_and_non_finite_numbers(primitive, example, special, rng):
    """One such number in each input in turn: the kernel does what the formula does."""
    if primitive.kernels is None:
        return
    ordinary = draw(example, rng)
    for k, x in enumerate(ordinary):
        if x.dtype.kind != "f":
            continue
        inputs = [x.copy() for x in ordinary]
        inputs[k].flat[0] = special
        expected = forward(primitive, inputs, example.attrs)
        actual = kernel_forward(primitive, inputs, example.attrs)
        for a, e in zip(actual, expected, strict=True):
            assert_close(a, e, slack(primitive, inputs, example.attrs, [*ordinary, e[np.abs(e) < 1e20]]))
        if primitive.vjp is None:
            continue
        dy = upstream(expected[0], rng)
        gradients = vjp(primitive, dy, inputs, expected, example.attrs)
        wanted = wanted_by(primitive, inputs, gradients)
        actual = kernel_vjp(primitive, dy, inputs, expected, example.attrs, wanted)
        for a, e, w in zip(actual, gradients, wanted, strict=True):
            if w:
                sizes = [*ordinary, dy, e[np.abs(e) < 1e20]]
                assert_close(a, e, 8 * slack(primitive, inputs, example.attrs, sizes))
