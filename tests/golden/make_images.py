"""Make the topic images: layers on images, and random ones where nothing is left to chance."""

from __future__ import annotations

import numpy as np

from golden import cases
from golden.cases import Array
from golden.maker import Spec, keras, new, save

IMAGES = {
    "odd": np.random.default_rng(0).uniform(0, 255, (2, 7, 5, 3)),
    "wide": np.random.default_rng(1).uniform(0, 255, (2, 6, 11, 1)),
    "one": np.random.default_rng(2).uniform(0, 255, (1, 1, 1, 2)),
    "first": np.random.default_rng(3).uniform(0, 255, (2, 3, 6, 8)),
    "alone": np.random.default_rng(4).uniform(0, 255, (6, 4, 3)),
}
BYTES = {name: IMAGES[name].round().astype("uint8") for name in ("odd", "wide")}


def resizing(height: int, width: int, **config: object) -> Spec:
    return new("layers.Resizing", height=height, width=width, **config)


LAYERS: list[tuple[str, Spec]] = [
    *(
        (x, resizing(height, width, interpolation=way))
        for way in ("bilinear", "nearest")
        for x, height, width in (("odd", 3, 4), ("odd", 13, 9), ("wide", 5, 23), ("one", 3, 2), ("wide", 6, 11))
    ),
    ("alone", resizing(5, 5)),
    ("first", resizing(9, 3, data_format="channels_first")),
    *((x, resizing(4, 6, crop_to_aspect_ratio=True)) for x in ("odd", "wide")),
    *((x, resizing(4, 6, pad_to_aspect_ratio=True, fill_value=7.0)) for x in ("odd", "wide")),
    ("odd", resizing(9, 9, pad_to_aspect_ratio=True, interpolation="nearest")),
    ("odd", resizing(3, 2, antialias=True)),
    ("wide", resizing(9, 4, antialias=True)),
    ("odd", resizing(14, 10, interpolation="bicubic")),  # where TensorFlow's table of weights is exact
    ("wide", resizing(4, 5, interpolation="bicubic", antialias=True)),
    *(("wide", resizing(4, 15, interpolation=way)) for way in ("lanczos3", "lanczos5")),
    ("wide", resizing(4, 5, interpolation="lanczos3", antialias=True)),
    ("odd bytes", resizing(4, 4)),
    ("wide bytes", resizing(5, 7, interpolation="nearest")),
    *(
        (x, new("layers.CenterCrop", height=height, width=width))
        for x, height, width in (("odd", 4, 2), ("odd", 7, 5), ("wide", 3, 8), ("odd", 9, 4), ("wide", 8, 3))
    ),
    ("odd bytes", new("layers.CenterCrop", height=3, width=3)),
    ("alone", new("layers.CenterCrop", height=3, width=3)),
    *(
        ("odd", new("layers.RandomRotation", factor=[turn, turn], fill_mode=mode, interpolation=way, fill_value=9.0))
        for turn in (0.07, -0.21)
        for mode in ("reflect", "constant", "nearest")
        for way in ("bilinear", "nearest")
    ),
    *(
        ("wide", new("layers.RandomTranslation", height_factor=[y, y], width_factor=[x, x], fill_mode=mode))
        for y, x in ((0.3, -0.4), (-0.15, 0.9))
        for mode in ("reflect", "constant", "nearest")
    ),
    ("odd", new("layers.RandomTranslation", height_factor=[1 / 7] * 2, width_factor=[-0.4] * 2, fill_mode="wrap")),
    *(
        ("odd", new("layers.RandomZoom", height_factor=[y, y], width_factor=x, fill_mode=mode))
        for y, x in ((0.4, None), (-0.3, [0.2, 0.2]))
        for mode in ("reflect", "constant", "nearest")
    ),
    ("first", new("layers.RandomZoom", height_factor=[0.4, 0.4], data_format="channels_first")),
    ("odd", new("layers.RandomBrightness", factor=[0.2, 0.2])),
    ("odd", new("layers.RandomBrightness", factor=[-0.3, -0.3], value_range=[20, 220])),
    ("odd", new("layers.RandomContrast", factor=[0.0, 0.0])),
]
CONFIGS = [
    new("layers.Resizing", height=3, width=4),
    new("layers.CenterCrop", height=3, width=4),
    new("layers.RandomFlip"),
    new("layers.RandomFlip", mode="vertical", seed=3),
    new("layers.RandomRotation", factor=0.1),
    new("layers.RandomRotation", factor=[0.3, -0.2], fill_mode="wrap"),
    new("layers.RandomTranslation", height_factor=0.1, width_factor=[-0.2, 0.3]),
    new("layers.RandomZoom", height_factor=0.1),
    new("layers.RandomCrop", height=3, width=4, seed=5),
    new("layers.RandomContrast", factor=0.3),
    new("layers.RandomBrightness", factor=0.3),
    new("layers.SpatialDropout1D", rate=0.5),
    new("layers.SpatialDropout2D", rate=0.5, seed=1),
]


def images() -> tuple[list[Spec], dict[str, Array]]:
    made: list[Spec] = []
    arrays = {f"inputs/{name}": x.astype("float32") for name, x in IMAGES.items()}
    arrays |= {f"inputs/{name} bytes": x for name, x in BYTES.items()}
    for number, (x, spec) in enumerate(LAYERS):
        name = f"{number}-{spec['class_name'].split('.')[-1]}"
        value = cases.build(keras, spec)(arrays[f"inputs/{x}"], training=True)
        arrays[f"{name}/value"] = np.asarray(value)
        made.append({"id": name, "layer": spec, "x": x})
    for number, spec in enumerate(CONFIGS):
        layer = cases.build(keras, spec)
        made.append({"id": f"config-{number}", "layer": spec, "get_config": layer.get_config()})
    return made, arrays


if __name__ == "__main__":
    save("images", *images())
