"""Make the topic pooling: layers that pool, repeat, pad and crop, in Keras and in PyTorch, all in float64.

PyTorch computes what it has: pooling, with padding by hand, and upsampling.  Both must agree to 1e-12 where both
compute a case; PyTorch's values are kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from golden import cases
from golden.cases import Array
from golden.maker import Spec, keras, new, save, tf

Sizes = tuple[int, ...]
FIRST = "channels_first"


def layer(name: str, **config: Any) -> Spec:
    return new(f"layers.{name}", **config)


LAYERS: list[tuple[Sizes, Spec]] = [
    *(
        case
        for kind in ("Max", "Average")
        for case in [
            ((2, 4, 6, 3), layer(f"{kind}Pooling2D", pool_size=2)),
            ((2, 5, 7, 2), layer(f"{kind}Pooling2D", pool_size=2)),
            ((2, 5, 7, 2), layer(f"{kind}Pooling2D", pool_size=2, padding="same")),
            ((2, 7, 6, 2), layer(f"{kind}Pooling2D", pool_size=3, strides=2, padding="same")),
            ((1, 6, 5, 2), layer(f"{kind}Pooling2D", pool_size=[3, 2], strides=1)),
            ((1, 6, 5, 2), layer(f"{kind}Pooling2D", pool_size=[2, 3], strides=1, padding="same")),
            ((1, 9, 8, 2), layer(f"{kind}Pooling2D", pool_size=2, strides=3)),
            ((1, 9, 8, 2), layer(f"{kind}Pooling2D", pool_size=[2, 3], strides=5, padding="same")),
            ((3, 1, 1, 2), layer(f"{kind}Pooling2D", pool_size=1)),
            ((3, 1, 1, 2), layer(f"{kind}Pooling2D", pool_size=2, padding="same")),
            ((2, 3, 5, 4), layer(f"{kind}Pooling2D", pool_size=2, data_format=FIRST)),
            ((2, 7, 3), layer(f"{kind}Pooling1D", pool_size=2)),
            ((2, 7, 3), layer(f"{kind}Pooling1D", pool_size=3, strides=2, padding="same")),
            ((2, 3, 7), layer(f"{kind}Pooling1D", pool_size=3, data_format=FIRST)),
            ((1, 5, 4, 6, 2), layer(f"{kind}Pooling3D", pool_size=2)),
            ((1, 5, 3, 4, 2), layer(f"{kind}Pooling3D", pool_size=[2, 3, 2], strides=[1, 2, 2], padding="same")),
            ((1, 2, 3, 4, 3), layer(f"{kind}Pooling3D", pool_size=2, data_format=FIRST)),
            ((2, 5, 3), layer(f"Global{kind}Pooling1D")),
            ((2, 3, 5), layer(f"Global{kind}Pooling1D", data_format=FIRST, keepdims=True)),
            ((2, 5, 4, 3), layer(f"Global{kind}Pooling2D")),
            ((2, 1, 1, 3), layer(f"Global{kind}Pooling2D", keepdims=True)),
            ((2, 3, 4, 5), layer(f"Global{kind}Pooling2D", data_format=FIRST)),
            ((2, 2, 3, 4, 2), layer(f"Global{kind}Pooling3D")),
        ]
    ),
    ((2, 3, 2), layer("UpSampling1D", size=3)),
    ((2, 3, 2, 2), layer("UpSampling2D")),
    ((1, 2, 3, 2), layer("UpSampling2D", size=[3, 1])),
    ((1, 2, 3, 2), layer("UpSampling2D", size=[2, 3], interpolation="bilinear")),
    ((1, 2, 3, 2), layer("UpSampling2D", data_format=FIRST, interpolation="bilinear")),
    ((1, 1, 1, 2), layer("UpSampling2D", size=2, interpolation="bilinear")),
    ((1, 4, 3, 2), layer("UpSampling2D", size=2, interpolation="bicubic")),
    ((1, 2, 3, 2), layer("UpSampling2D", data_format=FIRST)),
    ((1, 2, 1, 3, 2), layer("UpSampling3D", size=[2, 1, 3])),
    ((2, 3, 2), layer("ZeroPadding1D")),
    ((2, 3, 2), layer("ZeroPadding1D", padding=[0, 2], data_format=FIRST)),
    ((2, 3, 2, 2), layer("ZeroPadding2D", padding=2)),
    ((2, 3, 2, 2), layer("ZeroPadding2D", padding=[1, 2])),
    ((2, 3, 2, 2), layer("ZeroPadding2D", padding=[[1, 0], [0, 2]], data_format=FIRST)),
    ((1, 1, 2, 3, 2), layer("ZeroPadding3D", padding=[1, 0, 2])),
    ((2, 5, 2), layer("Cropping1D")),
    ((2, 5, 2), layer("Cropping1D", cropping=[0, 3])),
    ((2, 5, 4, 2), layer("Cropping2D", cropping=1)),
    ((2, 3, 5, 4), layer("Cropping2D", cropping=[[1, 2], [0, 3]], data_format=FIRST)),
    ((1, 3, 3, 4, 2), layer("Cropping3D", cropping=[1, 1, [0, 2]])),
]


def in_keras(built: Any, x: Array, upstream: Array) -> list[Array]:
    """The outputs, and the gradient with respect to the inputs."""
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = built(tensor)
    return [np.asarray(v) for v in (y, tape.gradient(y, tensor, tf.constant(upstream)))]


def interpolation(built: Any) -> str:
    """How a layer fills in; TensorFlow interpolates in float32 whatever it is given."""
    return getattr(built, "interpolation", "nearest")


def around(x: Any, built: Any, value: float) -> Any:
    """`x` with the padding that "same" asks for."""
    pads: list[int] = []
    for n, k, s in zip(x.shape[2:], built.pool_size, built.strides, strict=True):
        total = max(0, (-(-n // s) - 1) * s + k - n) if built.padding == "same" else 0
        pads = [total // 2, total - total // 2, *pads]
    return F.pad(x, pads, value=value)


def in_torch(name: str, built: Any, x: Array, upstream: Array) -> list[Array] | None:
    """The same by PyTorch, channels first; None for what it does not have under a name of its own."""
    first, rank = getattr(built, "data_format", "channels_last") == FIRST, x.ndim - 2
    inputs = torch.tensor(x, requires_grad=True)
    signal = inputs if first else inputs.movedim(-1, 1)
    if name.startswith("MaxPooling"):
        slide = [F.max_pool1d, F.max_pool2d, F.max_pool3d][rank - 1]
        y = slide(around(signal, built, -np.inf), built.pool_size, built.strides)
    elif name.startswith("AveragePooling"):
        slide = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][rank - 1]
        counts = slide(around(torch.ones_like(signal), built, 0), built.pool_size, built.strides)
        y = slide(around(signal, built, 0), built.pool_size, built.strides) / counts
    elif name.startswith("Global"):
        axes = tuple(range(2, rank + 2))
        y = (torch.amax if "Max" in name else torch.mean)(signal, axes, keepdim=True)
        if not built.keepdims:
            y = y.flatten(1)
            first = True
    elif name.startswith("UpSampling") and interpolation(built) != "bicubic":  # PyTorch's has another slope
        y = F.interpolate(signal, scale_factor=built.size if rank > 1 else (built.size,), mode=interpolation(built))
    else:
        return None
    y = y if first else y.movedim(1, -1)
    y.backward(torch.tensor(upstream))
    assert inputs.grad is not None
    return [y.detach().numpy(), inputs.grad.numpy()]


def pooling() -> tuple[list[Spec], dict[str, Array]]:
    made: list[Spec] = []
    arrays: dict[str, Array] = {}
    keras.config.set_floatx("float64")
    for number, (shape, spec) in enumerate(LAYERS):
        kind = spec["class_name"].split(".")[1]
        name = f"{number}-{kind}"
        built = cases.build(keras, spec)
        outputs = built.compute_output_shape(shape)
        x, upstream = cases.draws([shape, outputs])
        found = {"torch": in_torch(kind, built, x, upstream)}
        try:
            found["keras"] = in_keras(built, x, upstream)
        except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, LookupError) as error:
            print(name, spec["config"], str(error).splitlines()[0])
        found = {by: values for by, values in found.items() if values is not None}
        first, *others = found.values()
        gaps = [cases.gap(a, b) for other in others for a, b in zip(other, first, strict=True)]
        single = interpolation(built) != "nearest"
        assert max(gaps, default=0.0) < (1e-6 if single else 1e-12), f"{name}: {gaps}"
        arrays |= {f"{name}/{part}": a for part, a in zip(("value", "dx"), first, strict=True)}
        precision = "float32" if single and "torch" not in found else "float64"
        outcome = {"shape": shape, "output_shape": outputs, "by": sorted(found), "precision": precision}
        made.append({"id": name, "layer": spec, **outcome})
    keras.config.set_floatx("float32")
    return made, arrays


if __name__ == "__main__":
    save("pooling", *pooling())
