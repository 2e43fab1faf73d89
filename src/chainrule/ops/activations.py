"""Activations: one function applied to each number of a layer's output.

Wherever the derivative can be told from the result alone, the VJP reads `y`: the result is
kept anyway, the input need not be, and a fused dense layer can apply it to its own output.

At a kink, where there is no derivative, the VJP takes a value between those of the two
sides; which one, its docstring says.  Exponentials take arguments of one sign only, so
that nothing overflows however large |x| is.  Attributes have no defaults here; those of the
public functions are in `chainrule.activations`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.ops.elementwise import infer_same, unary
from chainrule.ops.primitive import Arrays, Specs
from chainrule.ops.special import erfc
from chainrule.spec import TensorSpec

SQRT_HALF = math.sqrt(0.5)
SQRT_TWO_OVER_PI = math.sqrt(2 / math.pi)
ONE_OVER_SQRT_TWO_PI = 1 / math.sqrt(2 * math.pi)
SELU_SCALE = 1.0507009873554805  # lambda and alpha of Klambauer et al., equation 14
SELU_ALPHA = 1.6732632423543772


# Rectifiers: straight lines that meet in a kink.


def relu_forward(x: np.ndarray) -> Arrays:
    """y = max(x, 0)"""
    return (np.maximum(x, 0),)


def relu_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy where y > 0, else 0     (0 at the kink)"""
    return (np.where(y > 0, dy, 0),)


def relu6_forward(x: np.ndarray) -> Arrays:
    """y = min(max(x, 0), 6)"""
    return (np.minimum(np.maximum(x, 0), 6),)


def relu6_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy where 0 < y < 6, else 0     (0 at both kinks)"""
    return (np.where((y > 0) & (y < 6), dy, 0),)


def leaky_relu_forward(x: np.ndarray, *, negative_slope: float) -> Arrays:
    """y = x where x > 0, else slope x"""
    return (np.where(x > 0, x, negative_slope * x),)


def leaky_relu_vjp(dy: np.ndarray, *, y: np.ndarray, negative_slope: float) -> Arrays:
    """dx = dy where y > 0, else slope dy     (slope at the kink; y has the sign of x as slope >= 0)"""
    return (np.where(y > 0, dy, negative_slope * dy),)


def bounded_relu_forward(
    x: np.ndarray, *, negative_slope: float, max_value: float, threshold: float
) -> Arrays:
    """y = min(x, max_value) where x > threshold, else slope (x - threshold)"""
    return (np.where(x > threshold, np.minimum(x, max_value), negative_slope * (x - threshold)),)


def bounded_relu_vjp(
    dy: np.ndarray, *, x: np.ndarray, negative_slope: float, max_value: float, threshold: float
) -> Arrays:
    """dx = dy where threshold < x <= max_value, slope dy where x < threshold, else 0

    At max_value 1; at the threshold 0 where the line jumps there, slope where it bends (threshold 0).
    """
    below = np.where((x < threshold) | (threshold == 0), negative_slope * dy, 0)
    return (np.where(x > threshold, np.where(x <= max_value, dy, 0), below),)


def hard_tanh_forward(x: np.ndarray) -> Arrays:
    """y = min(max(x, -1), 1)"""
    return (np.minimum(np.maximum(x, -1), 1),)


def hard_tanh_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy where -1 <= x <= 1, else 0     (1 at both kinks)"""
    return (np.where((x >= -1) & (x <= 1), dy, 0),)


def hard_sigmoid_forward(x: np.ndarray) -> Arrays:
    """y = min(max(x / 6 + 1/2, 0), 1)"""
    return (np.minimum(np.maximum(x / 6 + 0.5, 0), 1),)


def hard_sigmoid_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy / 6 where 0 < y < 1, else 0     (0 at both kinks)"""
    return (np.where((y > 0) & (y < 1), dy / 6, 0),)


def hard_silu_forward(x: np.ndarray) -> Arrays:
    """y = x hard_sigmoid(x)"""
    return (x * np.minimum(np.maximum(x / 6 + 0.5, 0), 1),)


def hard_silu_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy (x / 3 + 1/2) where -3 < x < 3, dy where x >= 3, else 0     (1 and 0 at the kinks)"""
    return (np.where(x >= 3, dy, np.where(x > -3, dy * (x / 3 + 0.5), 0)),)


def hard_shrink_forward(x: np.ndarray, *, threshold: float) -> Arrays:
    """y = x where |x| > threshold, else 0"""
    return (np.where(np.abs(x) > threshold, x, 0),)


def hard_shrink_vjp(dy: np.ndarray, *, x: np.ndarray, threshold: float) -> Arrays:
    """dx = dy where |x| > threshold, else 0     (0 at both jumps)"""
    return (np.where(np.abs(x) > threshold, dy, 0),)


def soft_shrink_forward(x: np.ndarray, *, threshold: float) -> Arrays:
    """y = x - threshold where x > threshold, x + threshold where x < -threshold, else 0"""
    return (np.where(x > threshold, x - threshold, np.where(x < -threshold, x + threshold, 0)),)


def soft_shrink_vjp(dy: np.ndarray, *, x: np.ndarray, threshold: float) -> Arrays:
    """dx = dy where |x| > threshold, else 0     (0 at both kinks)"""
    return (np.where(np.abs(x) > threshold, dy, 0),)


def threshold_forward(x: np.ndarray, *, threshold: float, default_value: float) -> Arrays:
    """y = x where x > threshold, else default_value"""
    return (np.where(x > threshold, x, default_value),)


def threshold_vjp(dy: np.ndarray, *, x: np.ndarray, threshold: float, default_value: float) -> Arrays:
    """dx = dy where x > threshold, else 0     (0 at the jump)"""
    return (np.where(x > threshold, dy, 0),)


def sparse_plus_forward(x: np.ndarray) -> Arrays:
    """y = 0 where x <= -1, (x + 1)^2 / 4 where |x| < 1, x where x >= 1"""
    bend = np.minimum(np.maximum(x, -1), 1) + 1
    return (np.where(x >= 1, x, bend * bend / 4),)


def sparse_plus_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy sparse_sigmoid(x): no kink"""
    return (dy * np.minimum(np.maximum((x + 1) / 2, 0), 1),)


def sparse_sigmoid_forward(x: np.ndarray) -> Arrays:
    """y = min(max((x + 1) / 2, 0), 1)"""
    return (np.minimum(np.maximum((x + 1) / 2, 0), 1),)


def sparse_sigmoid_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy / 2 where 0 < y < 1, else 0     (0 at both kinks)"""
    return (np.where((y > 0) & (y < 1), dy / 2, 0),)


# Exponential families.


def exponential_forward(x: np.ndarray) -> Arrays:
    """y = e^x"""
    return (np.exp(x),)


def exponential_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy y"""
    return (dy * y,)


def elu_forward(x: np.ndarray, *, alpha: float) -> Arrays:
    """y = x where x > 0, else alpha (e^x - 1)"""
    return (np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),)


def elu_vjp(dy: np.ndarray, *, y: np.ndarray, alpha: float) -> Arrays:
    """dx = dy where y > 0, else dy (y + alpha)     (alpha at the kink; y has the sign of x as alpha >= 0)"""
    return (np.where(y > 0, dy, dy * (y + alpha)),)


def selu_forward(x: np.ndarray) -> Arrays:
    """y = scale elu(x, alpha)"""
    return (SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),)


def selu_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = scale dy where y >= 0, else dy (y + scale alpha)     (scale at the kink)"""
    return (np.where(y >= 0, SELU_SCALE * dy, dy * (y + SELU_SCALE * SELU_ALPHA)),)


def celu_forward(x: np.ndarray, *, alpha: float) -> Arrays:
    """y = x where x > 0, else alpha (e^(x / alpha) - 1)"""
    return (np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),)


def celu_vjp(dy: np.ndarray, *, y: np.ndarray, alpha: float) -> Arrays:
    """dx = dy where y > 0, else dy (y / alpha + 1): no kink"""
    return (np.where(y > 0, dy, dy * (y / alpha + 1)),)


def sigmoid_forward(x: np.ndarray) -> Arrays:
    """y = 1 / (1 + e^-x) = e^x / (1 + e^x), whichever exponent is negative"""
    e = np.exp(-np.abs(x))
    return (np.where(x >= 0, 1, e) / (1 + e),)


def sigmoid_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy y (1 - y)"""
    return (dy * y * (1 - y),)


def log_sigmoid_forward(x: np.ndarray) -> Arrays:
    """y = log(sigmoid(x)) = min(x, 0) - log(1 + e^-|x|)"""
    return (np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),)


def log_sigmoid_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy (1 - e^y), since sigmoid(-x) = 1 - sigmoid(x)"""
    return (dy * -np.expm1(y),)


def softplus_forward(x: np.ndarray) -> Arrays:
    """y = log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)"""
    return (np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),)


def softplus_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy (1 - e^-y), which is dy sigmoid(x)"""
    return (dy * -np.expm1(-y),)


def tanh_forward(x: np.ndarray) -> Arrays:
    """y = tanh(x)"""
    return (np.tanh(x),)


def tanh_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy (1 - y^2)"""
    return (dy * (1 - y * y),)


def tanh_shrink_forward(x: np.ndarray) -> Arrays:
    """y = x - tanh(x)"""
    return (x - np.tanh(x),)


def tanh_shrink_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy tanh(x)^2"""
    t = np.tanh(x)
    return (dy * t * t,)


def silu_forward(x: np.ndarray) -> Arrays:
    """y = x sigmoid(x)"""
    e = np.exp(-np.abs(x))
    return (x * (np.where(x >= 0, 1, e) / (1 + e)),)


def silu_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy s (1 + x (1 - s)),  s = sigmoid(x),  1 - s = sigmoid(-x)"""
    e = np.exp(-np.abs(x))
    s = np.where(x >= 0, 1, e) / (1 + e)
    rest = np.where(x >= 0, e, 1) / (1 + e)
    return (dy * s * (1 + x * rest),)


def mish_forward(x: np.ndarray) -> Arrays:
    """y = x tanh(softplus(x)) = x (n^2 + 2n) / (n^2 + 2n + 2),  n = e^x

    tanh(log(1 + n)) is that quotient; where x >= 0 it is extended by e^-2x.
    """
    e = np.exp(-np.abs(x))
    top = np.where(x >= 0, 1 + 2 * e, e * e + 2 * e)
    return (x * (top / (top + np.where(x >= 0, 2 * e * e, 2))),)


def mish_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy (t + x t'),  t = tanh(softplus(x)),  t' = 4 n (n + 1) / (n^2 + 2n + 2)^2,  n = e^x"""
    e = np.exp(-np.abs(x))
    top = np.where(x >= 0, 1 + 2 * e, e * e + 2 * e)
    bottom = top + np.where(x >= 0, 2 * e * e, 2)
    slope = np.where(x >= 0, 4 * e * e * (1 + e), 4 * e * (1 + e)) / (bottom * bottom)
    return (dy * (top / bottom + x * slope),)


def gelu_forward(x: np.ndarray) -> Arrays:
    """y = x Phi(x),  Phi(x) = erfc(-x / sqrt(2)) / 2, the normal distribution function"""
    return (0.5 * x * erfc(-SQRT_HALF * x),)


def gelu_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy (Phi(x) + x phi(x)),  phi(x) = e^(-x^2 / 2) / sqrt(2 pi), which is 0 from |x| = 40 on"""
    t = np.minimum(np.abs(x), 40)
    return (dy * (0.5 * erfc(-SQRT_HALF * x) + ONE_OVER_SQRT_TWO_PI * x * np.exp(-0.5 * t * t)),)


def gelu_tanh_forward(x: np.ndarray) -> Arrays:
    """y = x (1 + tanh(u)) / 2,  u = sqrt(2 / pi) (x + 0.044715 x^3); tanh(u) is +-1 from |x| = 10 on"""
    c = np.minimum(np.maximum(x, -10), 10)
    t = np.tanh(SQRT_TWO_OVER_PI * c * (1 + 0.044715 * c * c))
    return (0.5 * x * (1 + t),)


def gelu_tanh_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy ((1 + t) / 2 + x (1 - t^2) u' / 2),  t = tanh(u),  u' = sqrt(2 / pi) (1 + 3 0.044715 x^2)"""
    c = np.minimum(np.maximum(x, -10), 10)
    t = np.tanh(SQRT_TWO_OVER_PI * c * (1 + 0.044715 * c * c))
    du = SQRT_TWO_OVER_PI * (1 + 3 * 0.044715 * c * c)
    return (dy * (0.5 * (1 + t) + 0.5 * c * (1 - t * t) * du),)


# Algebraic functions.


def softsign_forward(x: np.ndarray) -> Arrays:
    """y = x / (1 + |x|)"""
    return (x / (1 + np.abs(x)),)


def softsign_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy (1 - |y|)^2, since 1 - |y| = 1 / (1 + |x|)"""
    rest = 1 - np.abs(y)
    return (dy * rest * rest,)


def squareplus_forward(x: np.ndarray, *, b: float) -> Arrays:
    """y = (x + r) / 2,  r = sqrt(x^2 + b); where x < 0 without cancellation: b / (2 (r - x))"""
    half = 0.5 * np.hypot(x, math.sqrt(b))
    return (np.where(x > 0, 0.5 * x + half, 0.25 * b / (half + 0.5 * np.abs(x))),)


def squareplus_vjp(dy: np.ndarray, *, x: np.ndarray, y: np.ndarray, b: float) -> Arrays:
    """dx = dy (1 + x / r) / 2 = dy y / r"""
    return (dy * (y / np.hypot(x, math.sqrt(b))),)


def infer_leaky_relu(x: TensorSpec, *, negative_slope: float) -> Specs:
    """(...) -> (...)"""
    return _checked(x, "leaky_relu", negative_slope=negative_slope)


def infer_elu(x: TensorSpec, *, alpha: float) -> Specs:
    """(...) -> (...)"""
    return _checked(x, "elu", alpha=alpha)


def infer_celu(x: TensorSpec, *, alpha: float) -> Specs:
    """(...) -> (...)"""
    return _checked(x, "celu", positive=True, alpha=alpha)


def infer_squareplus(x: TensorSpec, *, b: float) -> Specs:
    """(...) -> (...)"""
    return _checked(x, "squareplus", positive=True, b=b)


def _checked(x: TensorSpec, where: str, positive: bool = False, **attrs: Any) -> Specs:
    for name, value in attrs.items():
        if not (value > 0 or (value == 0 and not positive)):
            expected = "a positive number" if positive else "zero or more"
            raise ArgumentError(f"{name} is out of range", where=where, expected=expected, got=value)
    return infer_same(x)


GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016), section "

relu = unary("relu", relu_forward, relu_vjp, saves=("y",), source="Nair and Hinton (2010), ICML, section 2")
relu6 = unary(
    "relu6", relu6_forward, relu6_vjp, saves=("y",), flops=2, domain=(-2.0, 8.0),
    source="Krizhevsky (2010), Convolutional deep belief networks on CIFAR-10, section 2",
)  # fmt: skip
leaky_relu = unary(
    "leaky_relu", leaky_relu_forward, leaky_relu_vjp, saves=("y",), infer=infer_leaky_relu,
    attrs=({"negative_slope": 0.2}, {"negative_slope": 0.0}),
    source="Maas, Hannun, Ng (2013), ICML, section 2.2",
)  # fmt: skip
bounded_relu = unary(
    "bounded_relu", bounded_relu_forward, bounded_relu_vjp, saves=("x",), flops=3,
    attrs=(
        {"negative_slope": 0.1, "max_value": 1.3, "threshold": 0.4},
        {"negative_slope": -0.5, "max_value": math.inf, "threshold": 0.0},
    ),
    source="piecewise linear: the slope of each piece",
)  # fmt: skip
hard_tanh = unary(
    "hard_tanh", hard_tanh_forward, hard_tanh_vjp, saves=("x",), flops=2,
    source="Collobert (2004), Large scale machine learning, thesis, section 5",
)  # fmt: skip
hard_sigmoid = unary(
    "hard_sigmoid", hard_sigmoid_forward, hard_sigmoid_vjp, saves=("y",), flops=4, domain=(-5.0, 5.0),
    source="Courbariaux, Bengio, David (2015), NeurIPS, section 2.3, with slope 1/6",
)  # fmt: skip
hard_silu = unary(
    "hard_silu", hard_silu_forward, hard_silu_vjp, saves=("x",), flops=5, domain=(-5.0, 5.0),
    source="Howard et al. (2019), Searching for MobileNetV3, section 5.2",
)  # fmt: skip
hard_shrink = unary(
    "hard_shrink", hard_shrink_forward, hard_shrink_vjp, saves=("x",), attrs=({"threshold": 0.5},),
    source="Donoho and Johnstone (1994), Biometrika 81, equation 11",
)  # fmt: skip
soft_shrink = unary(
    "soft_shrink", soft_shrink_forward, soft_shrink_vjp, saves=("x",), attrs=({"threshold": 0.5},),
    source="Donoho and Johnstone (1994), Biometrika 81, equation 12",
)  # fmt: skip
threshold = unary(
    "threshold", threshold_forward, threshold_vjp, saves=("x",),
    attrs=({"threshold": 0.7, "default_value": 0.1},), source="piecewise linear: the slope of each piece",
)  # fmt: skip
sparse_plus = unary(
    "sparse_plus", sparse_plus_forward, sparse_plus_vjp, saves=("x",), flops=5,
    source="Martins and Astudillo (2016), From softmax to sparsemax, section 2: integral of sparse_sigmoid",
)  # fmt: skip
sparse_sigmoid = unary(
    "sparse_sigmoid", sparse_sigmoid_forward, sparse_sigmoid_vjp, saves=("y",), flops=4,
    source="Martins and Astudillo (2016), From softmax to sparsemax, section 2: sparsemax of (x, 0)",
)  # fmt: skip
exponential = unary(
    "exponential", exponential_forward, exponential_vjp, saves=("y",), flops=10,
    source="calculus: (e^x)' = e^x",
)  # fmt: skip
elu = unary(
    "elu", elu_forward, elu_vjp, saves=("y",), flops=12, attrs=({"alpha": 1.0}, {"alpha": 0.4}),
    infer=infer_elu,
    source="Clevert, Unterthiner, Hochreiter (2016), ICLR, equation 15",
)  # fmt: skip
selu = unary(
    "selu", selu_forward, selu_vjp, saves=("y",), flops=13,
    source="Klambauer et al. (2017), Self-normalizing neural networks, equation 2",
)  # fmt: skip
celu = unary(
    "celu", celu_forward, celu_vjp, saves=("y",), flops=13, attrs=({"alpha": 1.0}, {"alpha": 0.4}),
    infer=infer_celu,
    source="Barron (2017), Continuously differentiable exponential linear units, equation 2",
)  # fmt: skip
sigmoid = unary(
    "sigmoid", sigmoid_forward, sigmoid_vjp, saves=("y",), flops=13, domain=(-6.0, 6.0),
    source=GOODFELLOW + "3.10",
)  # fmt: skip
log_sigmoid = unary(
    "log_sigmoid", log_sigmoid_forward, log_sigmoid_vjp, saves=("y",), flops=22, domain=(-6.0, 6.0),
    source=GOODFELLOW + "3.10",
)  # fmt: skip
softplus = unary(
    "softplus", softplus_forward, softplus_vjp, saves=("y",), flops=22, domain=(-6.0, 6.0),
    source="Dugas et al. (2001), NeurIPS 13, section 2",
)  # fmt: skip
tanh = unary("tanh", tanh_forward, tanh_vjp, saves=("y",), flops=12, source=GOODFELLOW + "6.3.2")
tanh_shrink = unary(
    "tanh_shrink", tanh_shrink_forward, tanh_shrink_vjp, saves=("x",), flops=13,
    source="calculus: tanh' = 1 - tanh^2",
)  # fmt: skip
silu = unary(
    "silu", silu_forward, silu_vjp, saves=("x",), flops=14, domain=(-6.0, 6.0),
    source="Elfwing, Uchibe, Doya (2018), Neural Networks 107, section 2",
)  # fmt: skip
mish = unary(
    "mish", mish_forward, mish_vjp, saves=("x",), flops=22, domain=(-6.0, 6.0),
    source="Misra (2020), Mish: a self regularized non-monotonic activation function, section 3",
)  # fmt: skip
gelu = unary(
    "gelu", gelu_forward, gelu_vjp, saves=("x",), flops=22, domain=(-5.0, 5.0),
    source="Hendrycks and Gimpel (2016), Gaussian error linear units, section 2",
)  # fmt: skip
gelu_tanh = unary(
    "gelu_tanh", gelu_tanh_forward, gelu_tanh_vjp, saves=("x",), flops=20, domain=(-5.0, 5.0),
    source="Hendrycks and Gimpel (2016), Gaussian error linear units, section 2",
)  # fmt: skip
softsign = unary(
    "softsign", softsign_forward, softsign_vjp, saves=("y",), flops=3,
    source="Bergstra et al. (2009), Quadratic polynomials learn better image features, section 2",
)  # fmt: skip
squareplus = unary(
    "squareplus", squareplus_forward, squareplus_vjp, saves=("x", "y"), flops=12,
    attrs=({"b": 4.0}, {"b": 2.0}),
    infer=infer_squareplus,
    source="Barron (2021), Squareplus: a softplus-like algebraic rectifier, equation 1",
)  # fmt: skip
