"""The vocabulary: every operation, in reading order.

Each module states formulas beside their derivatives; the public functions take the names and
arguments of `keras.ops`, on arrays (computed now) and on tensors (recorded).
"""

from __future__ import annotations

from chainrule.ops.arithmetic import (
    abs,
    absolute,
    add,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    ceil,
    clip,
    cos,
    cosh,
    divide,
    divide_no_nan,
    erf,
    exp,
    expm1,
    floor,
    floor_divide,
    isfinite,
    isinf,
    isnan,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    maximum,
    minimum,
    mod,
    multiply,
    nan_to_num,
    negative,
    power,
    reciprocal,
    round,
    rsqrt,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    true_divide,
    trunc,
)  # fmt: skip
from chainrule.ops.casting import (
    cast,
    stop_gradient,
)  # fmt: skip
from chainrule.ops.comparison import (
    equal,
    greater,
    greater_equal,
    isclose,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
    where,
)  # fmt: skip
from chainrule.ops.convolution import (
    conv,
    conv_transpose,
    depthwise_conv,
    separable_conv,
)  # fmt: skip
from chainrule.ops.creation import (
    arange,
    array,
    convert_to_numpy,
    convert_to_tensor,
    copy,
    dtype,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    identity,
    is_tensor,
    linspace,
    meshgrid,
    ndim,
    ones,
    ones_like,
    shape,
    size,
    tri,
    zeros,
    zeros_like,
)  # fmt: skip
from chainrule.ops.dense import dense
from chainrule.ops.indexing import (
    diag,
    diagonal,
    flip,
    get_item,
    one_hot,
    roll,
    split,
    take,
    take_along_axis,
    trace,
    tril,
    triu,
    unstack,
)  # fmt: skip
from chainrule.ops.linear_algebra import (
    dot,
    einsum,
    matmul,
    outer,
    tensordot,
    vdot,
)  # fmt: skip
from chainrule.ops.pooling import (
    average_pool,
    max_pool,
)  # fmt: skip
from chainrule.ops.reduce import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    average,
    count_nonzero,
    cumprod,
    cumsum,
    logsumexp,
    max,
    mean,
    min,
    moments,
    norm,
    prod,
    std,
    sum,
    var,
)  # fmt: skip
from chainrule.ops.shape import (
    append,
    broadcast_to,
    concatenate,
    expand_dims,
    flatten,
    hstack,
    moveaxis,
    pad,
    ravel,
    repeat,
    reshape,
    squeeze,
    stack,
    swapaxes,
    tile,
    transpose,
    vstack,
)  # fmt: skip

# Registered here, called by the layers and by chainrule.activations, chainrule.losses and chainrule.random.
from chainrule.ops import activations as activations  # isort: skip
from chainrule.ops import dropout as dropout  # isort: skip
from chainrule.ops import losses as losses  # isort: skip
from chainrule.ops import normalization as normalization  # isort: skip
from chainrule.ops import noise as noise  # isort: skip
from chainrule.ops import samples as samples  # isort: skip
from chainrule.ops import upsampling as upsampling  # isort: skip
from chainrule.ops.activations import (
    exponential,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    log_sigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    tanh,
    tanh_shrink,
)
from chainrule.ops.nn import (
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_swish,
    leaky_relu,
    log_softmax,
    soft_shrink,
    softmax,
    squareplus,
    swish,
    threshold,
)
from chainrule.ops.normalization import (
    batch_normalization,
    layer_normalization,
    normalize,
    rms_normalization,
)
from chainrule.ops.softmax import (
    sparsemax,
)

from chainrule.ops import operators as operators  # isort: skip  (Python's operators on tensors)

__all__ = [  # noqa: RUF022  (the reading order)
    # arithmetic
    "abs", "absolute", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "ceil", "clip", "cos", "cosh", "divide", "divide_no_nan", "erf", "exp", "expm1", "floor",
    "floor_divide", "isfinite", "isinf", "isnan", "log", "log1p", "log2", "log10", "logaddexp",
    "maximum", "minimum", "mod", "multiply", "nan_to_num", "negative", "power", "reciprocal", "round",
    "rsqrt", "sign", "sin", "sinh", "sqrt", "square", "subtract", "tan", "true_divide", "trunc",
    # comparison
    "equal", "greater", "greater_equal", "isclose", "less", "less_equal", "logical_and", "logical_not",
    "logical_or", "logical_xor", "not_equal", "where",
    # casting
    "cast", "stop_gradient",
    # creation
    "arange", "array", "convert_to_numpy", "convert_to_tensor", "copy", "dtype", "empty", "empty_like",
    "eye", "full", "full_like", "identity", "is_tensor", "linspace", "meshgrid", "ndim", "ones",
    "ones_like", "shape", "size", "tri", "zeros", "zeros_like",
    # reduce
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "cumprod", "cumsum",
    "logsumexp", "max", "mean", "min", "moments", "norm", "prod", "std", "sum", "var",
    # shape
    "append", "broadcast_to", "concatenate", "expand_dims", "flatten", "hstack", "moveaxis", "pad",
    "ravel", "repeat", "reshape", "squeeze", "stack", "swapaxes", "tile", "transpose", "vstack",
    # indexing
    "diag", "diagonal", "flip", "get_item", "one_hot", "roll", "split", "take", "take_along_axis",
    "trace", "tril", "triu", "unstack",
    # linear_algebra
    "dot", "einsum", "matmul", "outer", "tensordot", "vdot",
    # dense
    "dense",
    # convolution
    "conv", "conv_transpose", "depthwise_conv", "separable_conv",
    # normalization
    "batch_normalization", "layer_normalization", "normalize", "rms_normalization",
    # pooling
    "average_pool", "max_pool",
    # activations
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
    "swish", "tanh", "tanh_shrink", "threshold",
]  # fmt: skip
