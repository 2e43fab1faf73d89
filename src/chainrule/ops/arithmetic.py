"""Arithmetic: functions of one number and of two, applied to each element.

Ties and other points without a derivative are stated beside each formula; a sign or a rounded
number has the derivative 0 and therefore no VJP.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.ops.casting import cast
from chainrule.ops.elementwise import binary, in_company, infer_truth, unary
from chainrule.ops.primitive import Arrays
from chainrule.ops.special import erf as error_function

LOG_2 = math.log(2)
LOG_10 = math.log(10)
TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)


# Sign and size.


def negative_forward(x: np.ndarray) -> Arrays:
    """y = -x"""
    return (-x,)


def negative_vjp(dy: np.ndarray) -> Arrays:
    """dx = -dy"""
    return (-dy,)


negative = unary(
    "negative", negative_forward, negative_vjp, reals=False,
    source="NIST Digital Library of Mathematical Functions, 1.4.9",
)  # fmt: skip


def abs_forward(x: np.ndarray) -> Arrays:
    """y = |x|"""
    return (np.abs(x),)


def abs_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy sign(x)     (0 at 0)"""
    return (dy * np.sign(x),)


abs = unary(
    "abs", abs_forward, abs_vjp, saves=("x",), reals=False,
    source="NIST Digital Library of Mathematical Functions, 1.4",
)  # fmt: skip


def sign_forward(x: np.ndarray) -> Arrays:
    """y = -1, 0 or 1 as x is below, at or above 0; its derivative is 0 wherever it has one"""
    return (np.sign(x),)


sign = unary(
    "sign", sign_forward, None, reals=False,
    source="Rosenblatt (1958), Psychological Review 65(6): the threshold of the perceptron",
)  # fmt: skip


def square_forward(x: np.ndarray) -> Arrays:
    """y = x^2"""
    return (x**2,)


def square_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = 2 dy x"""
    return (2 * dy * x,)


square = unary(
    "square", square_forward, square_vjp, saves=("x",), reals=False,
    source="NIST Digital Library of Mathematical Functions, 1.4.10",
)  # fmt: skip


def sqrt_forward(x: np.ndarray) -> Arrays:
    """y = sqrt(x)"""
    return (np.sqrt(x),)


def sqrt_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy / (2 y)     (infinite at 0)"""
    return (dy / (2 * y),)


sqrt = unary(
    "sqrt", sqrt_forward, sqrt_vjp, saves=("y",), domain=(0.2, 4.0),
    source="NIST Digital Library of Mathematical Functions, 1.4.10",
)  # fmt: skip


def rsqrt_forward(x: np.ndarray) -> Arrays:
    """y = 1 / sqrt(x)"""
    return (1 / np.sqrt(x),)


def rsqrt_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = -dy y^3 / 2"""
    return (-0.5 * dy * y**3,)


rsqrt = unary(
    "rsqrt", rsqrt_forward, rsqrt_vjp, saves=("y",), domain=(0.2, 4.0), flops=2,
    source="NIST Digital Library of Mathematical Functions, 1.4.10",
)  # fmt: skip


def reciprocal_forward(x: np.ndarray) -> Arrays:
    """y = 1 / x"""
    return (1 / x,)


def reciprocal_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = -dy y^2"""
    return (-dy * y**2,)


reciprocal = unary(
    "reciprocal", reciprocal_forward, reciprocal_vjp, saves=("y",), domain=(0.3, 4.0),
    source="NIST Digital Library of Mathematical Functions, 1.4.10",
)  # fmt: skip


# Exponentials and logarithms.


def exp_forward(x: np.ndarray) -> Arrays:
    """y = e^x"""
    return (np.exp(x),)


def exp_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy y"""
    return (dy * y,)


exp = unary(
    "exp", exp_forward, exp_vjp, saves=("y",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.7.7",
)  # fmt: skip


def expm1_forward(x: np.ndarray) -> Arrays:
    """y = e^x - 1, accurate near 0"""
    return (np.expm1(x),)


def expm1_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy (y + 1)"""
    return (dy * (y + 1),)


expm1 = unary(
    "expm1", expm1_forward, expm1_vjp, saves=("y",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.7.7",
)  # fmt: skip


def log_forward(x: np.ndarray) -> Arrays:
    """y = log(x)"""
    return (np.log(x),)


def log_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / x"""
    return (dy / x,)


log = unary(
    "log", log_forward, log_vjp, saves=("x",), domain=(0.2, 4.0), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.7.1",
)  # fmt: skip


def log1p_forward(x: np.ndarray) -> Arrays:
    """y = log(1 + x), accurate near 0"""
    return (np.log1p(x),)


def log1p_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / (1 + x)"""
    return (dy / (1 + x),)


log1p = unary(
    "log1p", log1p_forward, log1p_vjp, saves=("x",), domain=(-0.8, 3.0), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.7.1",
)  # fmt: skip


def log2_forward(x: np.ndarray) -> Arrays:
    """y = log(x) / log(2)"""
    return (np.log2(x),)


def log2_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / (x log 2)"""
    return (dy / (x * LOG_2),)


log2 = unary(
    "log2", log2_forward, log2_vjp, saves=("x",), domain=(0.2, 4.0), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.7.1",
)  # fmt: skip


def log10_forward(x: np.ndarray) -> Arrays:
    """y = log(x) / log(10)"""
    return (np.log10(x),)


def log10_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / (x log 10)"""
    return (dy / (x * LOG_10),)


log10 = unary(
    "log10", log10_forward, log10_vjp, saves=("x",), domain=(0.2, 4.0), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.7.1",
)  # fmt: skip


# Angles.


def sin_forward(x: np.ndarray) -> Arrays:
    """y = sin(x)"""
    return (np.sin(x),)


def sin_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy cos(x)"""
    return (dy * np.cos(x),)


sin = unary(
    "sin", sin_forward, sin_vjp, saves=("x",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.20.1",
)  # fmt: skip


def cos_forward(x: np.ndarray) -> Arrays:
    """y = cos(x)"""
    return (np.cos(x),)


def cos_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = -dy sin(x)"""
    return (-dy * np.sin(x),)


cos = unary(
    "cos", cos_forward, cos_vjp, saves=("x",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.20.2",
)  # fmt: skip


def tan_forward(x: np.ndarray) -> Arrays:
    """y = tan(x)"""
    return (np.tan(x),)


def tan_vjp(dy: np.ndarray, *, y: np.ndarray) -> Arrays:
    """dx = dy (1 + y^2)"""
    return (dy * (1 + y**2),)


tan = unary(
    "tan", tan_forward, tan_vjp, saves=("y",), domain=(-1.2, 1.2), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.20.3",
)  # fmt: skip


def arcsin_forward(x: np.ndarray) -> Arrays:
    """y = arcsin(x)"""
    return (np.arcsin(x),)


def arcsin_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / sqrt(1 - x^2)"""
    return (dy / np.sqrt(1 - x**2),)


arcsin = unary(
    "arcsin", arcsin_forward, arcsin_vjp, saves=("x",), domain=(-0.9, 0.9), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.24.7",
)  # fmt: skip


def arccos_forward(x: np.ndarray) -> Arrays:
    """y = arccos(x)"""
    return (np.arccos(x),)


def arccos_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = -dy / sqrt(1 - x^2)"""
    return (-dy / np.sqrt(1 - x**2),)


arccos = unary(
    "arccos", arccos_forward, arccos_vjp, saves=("x",), domain=(-0.9, 0.9), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.24.8",
)  # fmt: skip


def arctan_forward(x: np.ndarray) -> Arrays:
    """y = arctan(x)"""
    return (np.arctan(x),)


def arctan_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / (1 + x^2)"""
    return (dy / (1 + x**2),)


arctan = unary(
    "arctan", arctan_forward, arctan_vjp, saves=("x",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.24.9",
)  # fmt: skip


def sinh_forward(x: np.ndarray) -> Arrays:
    """y = (e^x - e^-x) / 2"""
    return (np.sinh(x),)


def sinh_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy cosh(x)"""
    return (dy * np.cosh(x),)


sinh = unary(
    "sinh", sinh_forward, sinh_vjp, saves=("x",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.34.1",
)  # fmt: skip


def cosh_forward(x: np.ndarray) -> Arrays:
    """y = (e^x + e^-x) / 2"""
    return (np.cosh(x),)


def cosh_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy sinh(x)"""
    return (dy * np.sinh(x),)


cosh = unary(
    "cosh", cosh_forward, cosh_vjp, saves=("x",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.34.2",
)  # fmt: skip


def arcsinh_forward(x: np.ndarray) -> Arrays:
    """y = arcsinh(x)"""
    return (np.arcsinh(x),)


def arcsinh_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / sqrt(x^2 + 1)"""
    return (dy / np.sqrt(x**2 + 1),)


arcsinh = unary(
    "arcsinh", arcsinh_forward, arcsinh_vjp, saves=("x",), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.38.9",
)  # fmt: skip


def arccosh_forward(x: np.ndarray) -> Arrays:
    """y = arccosh(x), for x >= 1"""
    return (np.arccosh(x),)


def arccosh_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / (sqrt(x - 1) sqrt(x + 1))"""
    return (dy / (np.sqrt(x - 1) * np.sqrt(x + 1)),)


arccosh = unary(
    "arccosh", arccosh_forward, arccosh_vjp, saves=("x",), domain=(1.2, 4.0), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.38.10",
)  # fmt: skip


def arctanh_forward(x: np.ndarray) -> Arrays:
    """y = arctanh(x), for |x| < 1"""
    return (np.arctanh(x),)


def arctanh_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy / (1 - x^2)"""
    return (dy / (1 - x**2),)


arctanh = unary(
    "arctanh", arctanh_forward, arctanh_vjp, saves=("x",), domain=(-0.9, 0.9), flops=8,
    source="NIST Digital Library of Mathematical Functions, 4.38.11",
)  # fmt: skip


# Special functions.


def erf_forward(x: np.ndarray) -> Arrays:
    """y = erf(x), twice the chance that a normal variable of variance 1/2 lies between 0 and x"""
    return (error_function(x),)


def erf_vjp(dy: np.ndarray, *, x: np.ndarray) -> Arrays:
    """dx = dy 2 / sqrt(pi) e^(-x^2)"""
    return (dy * TWO_OVER_SQRT_PI * np.exp(-(x**2)),)


erf = unary(
    "erf", erf_forward, erf_vjp, saves=("x",), flops=16,
    source="NIST Digital Library of Mathematical Functions, 7.2.1",
)  # fmt: skip


# Rounding: constant between steps, so the derivative is 0 wherever there is one.


def floor_forward(x: np.ndarray) -> Arrays:
    """the largest whole number not above x"""
    return (np.floor(x),)


floor = unary("floor", floor_forward, None, source="NIST Digital Library of Mathematical Functions, Notation")


def ceil_forward(x: np.ndarray) -> Arrays:
    """the smallest whole number not below x"""
    return (np.ceil(x),)


ceil = unary("ceil", ceil_forward, None, source="NIST Digital Library of Mathematical Functions, Notation")


def trunc_forward(x: np.ndarray) -> Arrays:
    """x without its fraction"""
    return (np.trunc(x),)


trunc = unary("trunc", trunc_forward, None, source="NIST Digital Library of Mathematical Functions, Notation")


def nearest_forward(x: np.ndarray) -> Arrays:
    """the nearest whole number; of two equally near, the even one"""
    return (np.rint(x),)


nearest = unary("round", nearest_forward, None, source="IEEE 754-2019, section 4.3.1")


# What kind of number.


def isnan_forward(x: np.ndarray) -> Arrays:
    """whether x is not a number"""
    return (np.isnan(x),)


isnan = unary(
    "isnan", isnan_forward, None, infer=infer_truth, reals=False, source="IEEE 754-2019, section 5.7.2",
)  # fmt: skip


def isinf_forward(x: np.ndarray) -> Arrays:
    """whether x is infinite"""
    return (np.isinf(x),)


isinf = unary(
    "isinf", isinf_forward, None, infer=infer_truth, reals=False, source="IEEE 754-2019, section 5.7.2",
)  # fmt: skip


def isfinite_forward(x: np.ndarray) -> Arrays:
    """whether x is neither infinite nor NaN"""
    return (np.isfinite(x),)


isfinite = unary(
    "isfinite", isfinite_forward, None, infer=infer_truth, reals=False,
    source="IEEE 754-2019, section 5.7.2",
)  # fmt: skip


# Two numbers.


def add_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1 + x2"""
    return (x1 + x2,)


def add_vjp(dy: np.ndarray) -> Arrays:
    """dx1 = dx2 = dy"""
    return dy, dy


add = binary("add", add_forward, add_vjp, source="NIST Digital Library of Mathematical Functions, 1.4.9")


def subtract_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1 - x2"""
    return (x1 - x2,)


def subtract_vjp(dy: np.ndarray) -> Arrays:
    """dx1 = dy,  dx2 = -dy"""
    return dy, -dy


subtract = binary(
    "subtract", subtract_forward, subtract_vjp,
    source="NIST Digital Library of Mathematical Functions, 1.4.9",
)  # fmt: skip


def multiply_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1 x2"""
    return (x1 * x2,)


def multiply_vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """dx1 = dy x2,  dx2 = dy x1"""
    return dy * x2, dy * x1


multiply = binary(
    "multiply", multiply_forward, multiply_vjp, saves=("x1", "x2"),
    source="NIST Digital Library of Mathematical Functions, 1.4.10",
)  # fmt: skip


def divide_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1 / x2"""
    return (x1 / x2,)


def divide_vjp(dy: np.ndarray, *, x2: np.ndarray, y: np.ndarray) -> Arrays:
    """dx1 = dy / x2,  dx2 = -dy y / x2"""
    return dy / x2, -dy * y / x2


divide = binary(
    "divide", divide_forward, divide_vjp, saves=("x2", "y"), domain_2=(0.5, 3.0), reals=True,
    source="NIST Digital Library of Mathematical Functions, 1.4.11",
)  # fmt: skip


def divide_no_nan_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1 / x2, and 0 where x2 = 0"""
    return (np.where(x2 == 0, 0, x1 / np.where(x2 == 0, 1, x2)),)


def divide_no_nan_vjp(dy: np.ndarray, *, x2: np.ndarray, y: np.ndarray) -> Arrays:
    """dx1 = dy / x2,  dx2 = -dy y / x2,  and 0 where x2 = 0"""
    quotient = np.where(x2 == 0, 0, dy / np.where(x2 == 0, 1, x2))
    return quotient, -quotient * y


divide_no_nan = binary(
    "divide_no_nan", divide_no_nan_forward, divide_no_nan_vjp, saves=("x2", "y"), domain_2=(0.5, 3.0),
    reals=True, flops=2, source="NIST Digital Library of Mathematical Functions, 1.4.11",
)  # fmt: skip


def mod_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1 - x2 floor(x1 / x2): the sign is that of x2"""
    return (np.mod(x1, x2),)


def mod_vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """dx1 = dy,  dx2 = -dy floor(x1 / x2)"""
    return dy, -dy * np.floor(x1 / x2)


mod = binary(
    "mod", mod_forward, mod_vjp, saves=("x1", "x2"), domain_2=(0.5, 3.0), flops=4,
    source="Knuth, The Art of Computer Programming 1, section 1.2.4",
)  # fmt: skip


def floor_divide_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = floor(x1 / x2); its derivative is 0 wherever it has one"""
    return (np.floor(x1 / x2),)


floored_quotient = binary(
    "floor_divide", floor_divide_forward, None, domain_2=(0.5, 3.0), reals=True, flops=4,
    source="Knuth, The Art of Computer Programming 1, section 1.2.4",
)  # fmt: skip


def raise_to_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1^x2"""
    return (x1**x2,)


def raise_to_vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray, y: np.ndarray) -> Arrays:
    """dx1 = dy x2 x1^(x2 - 1)     (0 where x2 = 0)
    dx2 = dy y log(x1)          (0 where x1 <= 0, where no real power surrounds it)
    """
    return dy * x2 * x1 ** np.where(x2 == 0, 1, x2 - 1), dy * y * np.log(np.where(x1 > 0, x1, 1))


raise_to = binary(
    "power", raise_to_forward, raise_to_vjp, saves=("x1", "x2", "y"), domain=(0.3, 3.0), flops=16,
    source="NIST Digital Library of Mathematical Functions, 4.7",
)  # fmt: skip


def maximum_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """the larger of x1 and x2; NaN where either is"""
    return (np.maximum(x1, x2),)


def maximum_vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """dy goes to x1 where x1 >= x2, else to x2     (TensorFlow's rule for ties)"""
    return np.where(x1 >= x2, dy, 0), np.where(x1 >= x2, 0, dy)


maximum = binary(
    "maximum", maximum_forward, maximum_vjp, saves=("x1", "x2"),
    source="NIST Digital Library of Mathematical Functions, 1.4",
)  # fmt: skip


def minimum_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """the smaller of x1 and x2; NaN where either is"""
    return (np.minimum(x1, x2),)


def minimum_vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """dy goes to x1 where x1 <= x2, else to x2     (TensorFlow's rule for ties)"""
    return np.where(x1 <= x2, dy, 0), np.where(x1 <= x2, 0, dy)


minimum = binary(
    "minimum", minimum_forward, minimum_vjp, saves=("x1", "x2"),
    source="NIST Digital Library of Mathematical Functions, 1.4",
)  # fmt: skip


def arctan2_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """the angle of the point (x2, x1)"""
    return (np.arctan2(x1, x2),)


def arctan2_vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """dx1 = dy x2 / r^2,  dx2 = -dy x1 / r^2,  r^2 = x1^2 + x2^2"""
    return dy * x2 / (x1**2 + x2**2), -dy * x1 / (x1**2 + x2**2)


arctan2 = binary(
    "arctan2", arctan2_forward, arctan2_vjp, saves=("x1", "x2"), flops=16, domain_2=(0.5, 3.0), reals=True,
    source="NIST Digital Library of Mathematical Functions, 4.23",
)  # fmt: skip


def logaddexp_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = log(e^x1 + e^x2), without overflow"""
    return (np.logaddexp(x1, x2),)


def logaddexp_vjp(dy: np.ndarray, *, x1: np.ndarray, x2: np.ndarray, y: np.ndarray) -> Arrays:
    """dx1 = dy e^(x1 - y),  dx2 = dy e^(x2 - y)"""
    return dy * np.exp(x1 - y), dy * np.exp(x2 - y)


logaddexp = binary(
    "logaddexp", logaddexp_forward, logaddexp_vjp, saves=("x1", "x2", "y"), flops=16, reals=True,
    source="Blanchard, Higham and Higham (2021), IMA Journal of Numerical Analysis 41(4)",
)  # fmt: skip


# Functions of these.

absolute = abs
true_divide = divide


def floor_divide(x1: Any, x2: Any) -> Any:
    """The largest whole number not above x1 / x2; an integer where both are.

    Example:
        >>> floor_divide(np.array([7, -7]), 2)
        array([ 3, -4])
    """
    x1, x2 = in_company((x1, x2))
    kinds = [np.dtype(x.dtype) if hasattr(x, "dtype") else np.asarray(x).dtype for x in (x1, x2)]
    if any(kind.kind == "f" for kind in kinds):
        return floored_quotient(x1, x2)
    exact = floored_quotient(cast(x1, "float64"), cast(x2, "float64"))  # float64 holds them up to 2^53
    return cast(exact, np.result_type(*kinds))


def power(x1: Any, x2: Any) -> Any:
    """`x1` to the power `x2`; a whole power of integers is an integer.

    Example:
        >>> power(np.array([1.0, 2.0, 3.0]), 2)
        array([1., 4., 9.])
    """
    if isinstance(x2, (int, float)) and x2 == 2:  # a product instead of an exponential and a logarithm
        return square(x1)
    return raise_to(x1, x2)


def round(x: Any, decimals: int = 0) -> Any:
    """`x` rounded to `decimals` places; of two equally near numbers, the one with the even last digit.

    Example:
        >>> round(np.array([0.5, 1.5, 2.25]), 1)
        array([0.5, 1.5, 2.2])
    """
    return nearest(x) if decimals == 0 else divide(nearest(multiply(x, 10.0**decimals)), 10.0**decimals)


def clip_forward(x: np.ndarray, *, x_min: float, x_max: float) -> Arrays:
    """y = min(max(x, x_min), x_max)"""
    return (np.minimum(np.maximum(x, x_min), x_max),)


def clip_vjp(dy: np.ndarray, *, x: np.ndarray, x_min: float, x_max: float) -> Arrays:
    """dx = dy where x_min <= x <= x_max, else 0     (TensorFlow's rule at the ends)"""
    return (np.where((x >= x_min) & (x <= x_max), dy, 0),)


clip_to_numbers = unary(
    "clip", clip_forward, clip_vjp, saves=("x",), reals=False,
    attrs=({"x_min": -1.1, "x_max": 1.3}, {"x_min": 0.1, "x_max": math.inf}),
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 10.11.1",
)  # fmt: skip


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """`x`, but no less than `x_min` and no more than `x_max`; None for no limit.

    Args:
        x: array or tensor.
        x_min: number, array or tensor.
        x_max: number, array or tensor.

    Example:
        >>> clip(np.array([-2.0, 0.5, 7.0]), 0.0, 1.0)
        array([0. , 0.5, 1. ])
    """
    x_min = -math.inf if x_min is None else x_min
    x_max = math.inf if x_max is None else x_max
    if isinstance(x_min, (int, float)) and isinstance(x_max, (int, float)):
        return clip_to_numbers(x, x_min=x_min, x_max=x_max)
    return minimum(maximum(x, x_min), x_max)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """`x` with numbers in the place of NaN and of the infinities (by default the largest of the dtype).

    Example:
        >>> nan_to_num(np.array([1.0, np.nan, np.inf]), posinf=9.0)
        array([1., 0., 9.])
    """
    from chainrule.ops.comparison import equal, where

    largest = float(np.finfo(x.dtype if hasattr(x, "dtype") else float).max)
    x = where(isnan(x), nan, x)
    x = where(equal(x, math.inf), largest if posinf is None else posinf, x)
    return where(equal(x, -math.inf), -largest if neginf is None else neginf, x)
