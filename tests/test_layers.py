"""Every layer, in several configurations: shapes, configs, plans, training, gradients, and Keras's values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import layers, ops
from chainrule.errors import ArgumentError, DataError, NotBuiltError, ShapeError
from chainrule.graph.tensor import Tensor
from chainrule.saving.registry import deserialize_keras_object, serialize_keras_object
from chainrule.testing import check_gradients
from golden import cases

Make = Callable[[], Any]

# name: (how to make it, shapes of the inputs without the batch, shape of the output)
ONE = (4,)
EACH: dict[str, tuple[Make, tuple[int, ...] | list[tuple[int, ...]], tuple[int, ...]]] = {
    "Dense": (lambda: layers.Dense(3), ONE, (3,)),
    "Dense, all arguments": (
        lambda: layers.Dense(
            3, "tanh", kernel_initializer="he_normal", bias_initializer="ones", kernel_regularizer="l2",
            bias_regularizer="l1", activity_regularizer="l2", kernel_constraint="max_norm", bias_constraint="non_neg",
        ), ONE, (3,),
    ),
    "Dense without bias": (lambda: layers.Dense(2, use_bias=False), ONE, (2,)),
    "Dense on sequences": (lambda: layers.Dense(3, "relu"), (5, 4), (5, 3)),
    "Activation": (lambda: layers.Activation("softplus"), (5, 4), (5, 4)),
    "ReLU": (lambda: layers.ReLU(), ONE, ONE),
    "ReLU, all arguments": (lambda: layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2), (2, 3), (2, 3)),
    "LeakyReLU": (lambda: layers.LeakyReLU(0.2), ONE, ONE),
    "ELU": (lambda: layers.ELU(alpha=0.5), (2, 3), (2, 3)),
    "PReLU": (lambda: layers.PReLU(alpha_initializer="random_normal"), ONE, ONE),
    "PReLU, shared": (lambda: layers.PReLU("ones", "l2", "non_neg", shared_axes=[1]), (5, 4), (5, 4)),
    "Softmax": (lambda: layers.Softmax(), ONE, ONE),
    "Softmax, axis": (lambda: layers.Softmax(axis=1), (5, 4), (5, 4)),
    "Softmax, axes": (lambda: layers.Softmax(axis=[1, 2]), (5, 4), (5, 4)),
    "Dropout": (lambda: layers.Dropout(0.4, seed=1), ONE, ONE),
    "Dropout, shared": (lambda: layers.Dropout(0.4, noise_shape=(None, 1, 4), seed=1), (5, 4), (5, 4)),
    "AlphaDropout": (lambda: layers.AlphaDropout(0.4, seed=1), ONE, ONE),
    "GaussianDropout": (lambda: layers.GaussianDropout(0.4, seed=1), (2, 3), (2, 3)),
    "GaussianNoise": (lambda: layers.GaussianNoise(0.3, seed=1), (2, 3), (2, 3)),
    "Flatten": (lambda: layers.Flatten(), (2, 3, 4), (24,)),
    "Flatten, one axis": (lambda: layers.Flatten(), ONE, ONE),
    "Reshape": (lambda: layers.Reshape((3, 2)), (6,), (3, 2)),
    "Reshape, rest": (lambda: layers.Reshape((-1, 2)), (3, 4), (6, 2)),
    "Permute": (lambda: layers.Permute((3, 1, 2)), (2, 3, 4), (4, 2, 3)),
    "RepeatVector": (lambda: layers.RepeatVector(3), ONE, (3, 4)),
    "Rescaling": (lambda: layers.Rescaling(1 / 255), (2, 3), (2, 3)),
    "Rescaling, offset": (lambda: layers.Rescaling([1.0, 2.0, 3.0], offset=-1), (2, 3), (2, 3)),
    "Normalization": (lambda: layers.Normalization(), ONE, ONE),
    "Normalization, given": (lambda: layers.Normalization(mean=[1, 2, 3, 4], variance=[1, 2, 3, 4]), ONE, ONE),
    "Normalization, inverted": (lambda: layers.Normalization(mean=1.0, variance=4.0, invert=True), ONE, ONE),
    "BatchNormalization": (lambda: layers.BatchNormalization(), (3, 4), (3, 4)),
    "BatchNormalization, all arguments": (
        lambda: layers.BatchNormalization(
            1, 0.9, 0.01, beta_initializer="ones", gamma_initializer="uniform", moving_mean_initializer="ones",
            moving_variance_initializer="ones", beta_regularizer="l1", gamma_regularizer="l2",
            beta_constraint="non_neg", gamma_constraint="max_norm", renorm=True, renorm_clipping={"rmax": 1.5},
            renorm_momentum=0.8,
        ), (2, 3, 2), (2, 3, 2),
    ),
    "BatchNormalization, plain": (lambda: layers.BatchNormalization(center=False, scale=False), ONE, ONE),
    "GroupNormalization": (lambda: layers.GroupNormalization(2), (3, 4), (3, 4)),
    "GroupNormalization, channels first": (lambda: layers.GroupNormalization(-1, axis=1, epsilon=0.1), (2, 5), (2, 5)),
    "LayerNormalization": (lambda: layers.LayerNormalization(), (3, 4), (3, 4)),
    "LayerNormalization, axes": (lambda: layers.LayerNormalization([1, 2], center=False), (2, 3, 2), (2, 3, 2)),
    "RMSNormalization": (lambda: layers.RMSNormalization(), (3, 4), (3, 4)),
    "SpectralNormalization": (lambda: layers.SpectralNormalization(layers.Dense(3)), ONE, (3,)),
    "UnitNormalization": (lambda: layers.UnitNormalization(), (3, 4), (3, 4)),
    "UnitNormalization, axes": (lambda: layers.UnitNormalization([1, 2]), (3, 4), (3, 4)),
    "ActivityRegularization": (lambda: layers.ActivityRegularization(l1=0.1, l2=0.2), ONE, ONE),
    "Identity": (lambda: layers.Identity(), (2, 3), (2, 3)),
    "Add": (lambda: layers.Add(), [ONE, ONE, ONE], ONE),
    "Add, broadcast": (lambda: layers.Add(), [(2, 3), (1, 3)], (2, 3)),
    "Multiply": (lambda: layers.Multiply(), [ONE, ONE], ONE),
    "Concatenate": (lambda: layers.Concatenate(), [(2, 3), (2, 1)], (2, 4)),
    "Concatenate, axis": (lambda: layers.Concatenate(axis=1), [(2, 3), (5, 3)], (7, 3)),
    "Conv1D": (lambda: layers.Conv1D(3, 2, strides=3, activation="tanh"), (7, 2), (2, 3)),
    "Conv1D, causal": (lambda: layers.Conv1D(2, 2, padding="causal", dilation_rate=2), (5, 2), (5, 2)),
    "Conv2D": (lambda: layers.Conv2D(2, 3), (4, 5, 1), (2, 3, 2)),
    "Conv2D, all arguments": (
        lambda: layers.Conv2D(
            4, (2, 3), (2, 1), "same", "channels_first", groups=2, activation="sigmoid", kernel_initializer="he_normal",
            bias_initializer="ones", kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="non_neg",
        ), (2, 5, 4), (4, 3, 4),
    ),
    "Conv2D, one pixel": (lambda: layers.Conv2D(3, 2, padding="same", use_bias=False), (1, 1, 2), (1, 1, 3)),
    "Conv3D": (lambda: layers.Conv3D(2, 2, padding="same", strides=(1, 2, 3)), (2, 3, 4, 1), (2, 2, 2, 2)),
    "DepthwiseConv1D": (lambda: layers.DepthwiseConv1D(3, depth_multiplier=2), (5, 2), (3, 4)),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(2, 2, "same", use_bias=False), (3, 4, 2), (2, 2, 2)),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(3, 2, strides=3), (3, 2), (9, 3)),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(2, 3, 2, "same", activation="tanh"), (2, 3, 2), (4, 6, 2)),
    "Conv2DTranspose, all arguments": (
        lambda: layers.Conv2DTranspose(
            3, (2, 3), (2, 3), "valid", (1, 0), "channels_first", activation="sigmoid", kernel_initializer="he_normal",
            bias_initializer="ones", kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="non_neg",
        ), (2, 1, 3), (3, 3, 9),
    ),
    "Conv3DTranspose": (lambda: layers.Conv3DTranspose(1, 2, padding="same", strides=2), (1, 2, 1, 2), (2, 4, 2, 1)),
    "SeparableConv1D": (lambda: layers.SeparableConv1D(3, 3, padding="same"), (4, 2), (4, 3)),
    "SeparableConv2D": (lambda: layers.SeparableConv2D(3, 2, depth_multiplier=2), (3, 4, 2), (2, 3, 3)),
    "SpatialDropout1D": (lambda: layers.SpatialDropout1D(0.4, seed=1), (5, 4), (5, 4)),
    "SpatialDropout2D": (lambda: layers.SpatialDropout2D(0.4, seed=1), (3, 2, 4), (3, 2, 4)),
    "SpatialDropout2D, channels first": (
        lambda: layers.SpatialDropout2D(0.4, "channels_first", seed=1), (4, 3, 2), (4, 3, 2),
    ),
    "MaxPooling1D": (lambda: layers.MaxPooling1D(2, 1), (5, 2), (4, 2)),
    "MaxPooling2D": (lambda: layers.MaxPooling2D(), (4, 5, 3), (2, 2, 3)),
    "MaxPooling2D, all arguments": (
        lambda: layers.MaxPooling2D((3, 2), (2, 1), "same", "channels_first"), (2, 5, 4), (2, 3, 4),
    ),
    "MaxPooling3D": (lambda: layers.MaxPooling3D((1, 2, 2)), (2, 4, 3, 1), (2, 2, 1, 1)),
    "AveragePooling1D": (lambda: layers.AveragePooling1D(2, padding="same"), (5, 2), (3, 2)),
    "AveragePooling2D": (lambda: layers.AveragePooling2D(2, 3), (5, 6, 2), (2, 2, 2)),
    "AveragePooling3D": (lambda: layers.AveragePooling3D(2), (2, 4, 3, 1), (1, 2, 1, 1)),
    "GlobalMaxPooling1D": (lambda: layers.GlobalMaxPooling1D(), (4, 3), (3,)),
    "GlobalMaxPooling2D": (lambda: layers.GlobalMaxPooling2D("channels_first"), (3, 2, 4), (3,)),
    "GlobalMaxPooling3D": (lambda: layers.GlobalMaxPooling3D(keepdims=True), (2, 3, 2, 2), (1, 1, 1, 2)),
    "GlobalAveragePooling1D": (lambda: layers.GlobalAveragePooling1D(keepdims=True), (4, 3), (1, 3)),
    "GlobalAveragePooling2D": (lambda: layers.GlobalAveragePooling2D(), (3, 2, 4), (4,)),
    "GlobalAveragePooling3D": (lambda: layers.GlobalAveragePooling3D(), (2, 3, 2, 2), (2,)),
    "UpSampling1D": (lambda: layers.UpSampling1D(3), (2, 3), (6, 3)),
    "UpSampling2D": (lambda: layers.UpSampling2D((2, 3), interpolation="bilinear"), (2, 3, 2), (4, 9, 2)),
    "UpSampling3D": (lambda: layers.UpSampling3D((1, 2, 1)), (2, 1, 3, 2), (2, 2, 3, 2)),
    "ZeroPadding1D": (lambda: layers.ZeroPadding1D((1, 2)), (3, 2), (6, 2)),
    "ZeroPadding2D": (lambda: layers.ZeroPadding2D(((0, 1), (2, 0)), "channels_first"), (2, 3, 2), (2, 4, 4)),
    "ZeroPadding3D": (lambda: layers.ZeroPadding3D((1, 0, 0)), (2, 1, 3, 2), (4, 1, 3, 2)),
    "Cropping1D": (lambda: layers.Cropping1D((1, 0)), (3, 2), (2, 2)),
    "Cropping2D": (lambda: layers.Cropping2D(((0, 1), (2, 0))), (2, 3, 2), (1, 1, 2)),
    "Cropping3D": (lambda: layers.Cropping3D((1, 0, 0)), (3, 1, 3, 2), (1, 1, 3, 2)),
    "Resizing": (lambda: layers.Resizing(3, 5, pad_to_aspect_ratio=True), (4, 3, 2), (3, 5, 2)),
    "CenterCrop": (lambda: layers.CenterCrop(2, 3), (3, 4, 2), (2, 3, 2)),
    "RandomFlip": (lambda: layers.RandomFlip(seed=1), (3, 4, 2), (3, 4, 2)),
    "RandomRotation": (lambda: layers.RandomRotation(0.1, seed=1), (3, 4, 2), (3, 4, 2)),
    "RandomTranslation": (lambda: layers.RandomTranslation(0.1, (0.2, 0.3), "wrap", seed=1), (3, 4, 2), (3, 4, 2)),
    "RandomZoom": (
        lambda: layers.RandomZoom(0.1, (-0.2, 0.3), "constant", seed=1, data_format="channels_first"), (2, 3, 4),
        (2, 3, 4),
    ),
    "RandomCrop": (lambda: layers.RandomCrop(2, 3, seed=1), (3, 4, 2), (2, 3, 2)),
    "RandomContrast": (lambda: layers.RandomContrast((0.2, 0.3), (-2, 2), seed=1), (3, 4, 2), (3, 4, 2)),
    "RandomBrightness": (lambda: layers.RandomBrightness(0.2, (-2, 2), seed=1), (3, 4, 2), (3, 4, 2)),
}  # fmt: skip
RANDOM = {name for name in EACH if name.startswith(("Dropout", "AlphaDropout", "Gaussian", "SpatialDropout"))}
STATISTICS = {"moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev", "vector_u"}
N = 5


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)


def shapes_in(name: str) -> list[tuple[int, ...]]:
    shapes = EACH[name][1]
    return shapes if isinstance(shapes, list) else [shapes]


def given(name: str, dtype: str = "float32") -> Any:
    """Inputs away from kinks, as one array or a list."""
    rng = np.random.default_rng(7)
    arrays = []
    for shape in shapes_in(name):
        x = rng.uniform(0.3, 1.1, (N, *shape)) * rng.choice([-1.0, 1.0], (N, *shape))
        arrays.append(np.where(abs(x - 0.2) < 0.05, 0.4, x).astype(dtype))
    return arrays if isinstance(EACH[name][1], list) else arrays[0]


def as_model(layer: Any, name: str) -> Any:
    inputs = [keras.Input(shape) for shape in shapes_in(name)]
    return keras.Model(inputs, layer(inputs if isinstance(EACH[name][1], list) else inputs[0]))


def layers_with_examples() -> set[str]:
    return {name.split(",")[0].split(" ")[0] for name in EACH}


def test_every_layer_is_in_the_table() -> None:
    classes = {c.__name__ for c in vars(layers).values() if isinstance(c, type) and issubclass(c, keras.Layer)}
    assert {n for n in classes if n[0] != "_"} - {"Layer", "InputLayer", "Wrapper"} == layers_with_examples()


@pytest.mark.parametrize("name", EACH)
def test_shapes(name: str) -> None:
    make, shape, result = EACH[name]
    layer = make()
    batched = [(None, *s) for s in shape] if isinstance(shape, list) else (None, *shape)
    assert layer.compute_output_shape(batched) == (None, *result)
    fixed = [(7, *s) for s in shape] if isinstance(shape, list) else (7, *shape)
    assert make().compute_output_shape(fixed) == (7, *result)
    model = as_model(make(), name)
    assert model.output_shape == (None, *result)
    assert make()(given(name)).shape == (N, *result)
    assert model.predict(given(name), verbose=0).shape == (N, *result)


@pytest.mark.parametrize("name", EACH)
def test_the_config_makes_the_layer_again(name: str) -> None:
    layer = EACH[name][0]()
    config = layer.get_config()
    assert json.loads(json.dumps(config)) == json.loads(json.dumps(type(layer).from_config(config).get_config()))
    copy = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(layer))))
    assert json.dumps(copy.get_config()) == json.dumps(config)
    x = given(name)
    expected = layer(x, training=False)
    copy(x)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(x, training=False), expected)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_calling_predicting_and_tracing_agree(name: str, dtype: str) -> None:
    keras.config.set_floatx(dtype)
    try:
        layer = EACH[name][0]()
        x = given(name, dtype)
        called = layer(x, training=False)
        assert called.dtype == dtype
        tolerance = 1e-5 if dtype == "float32" else 1e-13
        predicted = as_model(layer, name).predict(x, batch_size=2, verbose=0)
        np.testing.assert_allclose(predicted, called, rtol=tolerance, atol=tolerance)
        assert predicted.dtype == dtype
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.parametrize("name", EACH)
def test_training_changes_all_weights_and_only_those(name: str) -> None:
    layer = EACH[name][0]()
    inputs = [keras.Input(shape) for shape in shapes_in(name)]
    widened = [keras.layers.Dense(shape[-1])(x) for x, shape in zip(inputs, shapes_in(name), strict=True)]
    y = layer(widened if isinstance(EACH[name][1], list) else widened[0])
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(y)))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = {v.path: v.numpy() for v in model.weights}
    assert np.isfinite(model.train_on_batch(given(name), np.ones((N, 1))))
    after = {v.path: v.numpy() for v in model.weights}
    moved = {v.path for v in model.trainable_weights} | {v.path for v in layer.weights if v.name in STATISTICS}
    assert {path for path in before if not np.array_equal(before[path], after[path])} == moved


@pytest.mark.parametrize(("name", "training"), [(n, False) for n in EACH] + [(n, True) for n in sorted(RANDOM)])
def test_gradients_are_derivatives(name: str, training: bool) -> None:
    layer = EACH[name][0]()
    x = given(name)
    layer(x)
    for weight in layer.trainable_weights:  # away from kinks, and not all equal
        weight.assign(np.random.default_rng(1).uniform(0.2, 0.9, weight.shape))
    if isinstance(x, list):
        check_gradients(lambda *xs: layer(list(xs), training=training), *x)
    else:
        check_gradients(lambda x: layer(x, training=training), x)


# Keras's values


def golden(adapted: bool) -> list[Any]:
    return [pytest.param(c, id=c.id) for c in cases.load("layers") if bool(c.get("adapt")) == adapted]


@pytest.mark.parametrize("case", golden(adapted=False))
def test_values_are_those_of_keras(case: cases.Case) -> None:
    layer = cases.build(keras, case["layer"])
    x = cases.inputs(case["x"])
    layer.build(x.shape)
    if "Normalization" not in case.id:
        layer.set_weights(cases.initial_weights([w.shape for w in layer.get_weights()]))
    assert cases.gap(layer(x), case.array("value")) < 1e-6
    assert list(layer.compute_output_shape((None, *x.shape[1:]))) == case["output_shape"]
    np.testing.assert_allclose([float(loss) for loss in layer.losses], case["losses"], rtol=1e-6)


@pytest.mark.parametrize("case", golden(adapted=True))
def test_adapted_values_are_those_of_keras(case: cases.Case) -> None:
    layer = cases.build(keras, case["layer"])
    x = cases.inputs(case["x"])
    layer.adapt(x)
    assert cases.gap(layer(x), case.array("value")) < 1e-5
    assert cases.gap(cases.flat(layer.get_weights()), case.array("weights")) < 1e-6
    assert [[w.name, list(w.shape), w.dtype] for w in layer.weights] == case["weights"]


# Normalization


def test_adapting_makes_mean_zero_and_variance_one() -> None:
    x = np.random.default_rng(0).normal([3.0, -2.0], [5.0, 0.1], (1000, 2)).astype("float32")
    layer = layers.Normalization()
    layer.adapt(x)
    np.testing.assert_allclose(layer(x).mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(layer(x).std(axis=0), 1.0, rtol=1e-4)
    back = layers.Normalization(mean=layer.mean, variance=layer.variance, invert=True)
    np.testing.assert_allclose(back(layer(x)), x, rtol=1e-3, atol=1e-3)


def test_adapting_again_forgets_what_was() -> None:
    layer = layers.Normalization()
    layer.adapt(np.array([[0.0], [2.0]]))
    layer.adapt(np.array([[10.0], [30.0]]))
    np.testing.assert_allclose([layer.mean.item(), layer.variance.item()], [20.0, 100.0])


def test_a_constant_column_becomes_zeros() -> None:
    layer = layers.Normalization()
    layer.adapt(np.full((5, 1), 7.0))
    assert np.array_equal(layer(np.full((3, 1), 7.0, "float32")), np.zeros((3, 1)))


def test_what_adapt_refuses() -> None:
    layer = layers.Normalization()
    with pytest.raises(NotBuiltError, match="adapt"):
        _ = layer.mean
    with pytest.raises(DataError, match="nothing"):
        layer.adapt(np.zeros((0, 2)))
    with pytest.raises(DataError, match="not finite"):
        layer.adapt(np.array([[1.0], [np.nan]]))
    with pytest.raises(ArgumentError, match="given"):
        layers.Normalization(mean=0.0, variance=1.0).adapt(np.zeros((2, 1)))
    layer.adapt(np.zeros((3, 2)))
    with pytest.raises(ShapeError):
        layer(np.zeros((3, 5), "float32"))


# Randomness


LARGE = np.ones((200, 500), "float32")  # 100,000 numbers: a share's standard error is at most 0.0016


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    y = layers.Dropout(0.3, seed=1)(LARGE, training=True)
    assert set(np.unique(y)) == {np.float32(0.0), np.float32(1 / 0.7)}
    assert abs((y == 0).mean() - 0.3) < 0.008
    assert abs(y.mean() - 1.0) < 0.012


def test_a_shared_mask_is_the_same_along_the_axis() -> None:
    y = layers.Dropout(0.5, noise_shape=(200, 1), seed=1)(LARGE, training=True)
    assert (y == y[:, :1]).all()
    assert 0.3 < (y[:, 0] == 0).mean() < 0.7


def test_gaussian_layers_have_their_variance() -> None:
    y = layers.GaussianDropout(0.2, seed=1)(LARGE, training=True)
    assert abs(y.mean() - 1.0) < 0.01
    assert abs(y.std() - 0.5) < 0.01
    y = layers.GaussianNoise(0.3, seed=1)(LARGE, training=True)
    assert abs(y.mean() - 1.0) < 0.01
    assert abs(y.std() - 0.3) < 0.01


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).standard_normal((400, 500)).astype("float32")
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True)
    assert abs(y.mean() - x.mean()) < 0.02
    assert abs(y.var() - x.var()) < 0.03


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_randomness_acts_only_in_training_and_follows_its_seed(name: str) -> None:
    make, x = EACH[name][0], given(name)
    assert np.array_equal(make()(x), x)
    assert np.array_equal(make()(x, training=False), x)
    one, other = make(), make()
    draws = [one(x, training=True), one(x, training=True)]
    assert not np.array_equal(draws[0], draws[1])
    assert np.array_equal(draws[0], other(x, training=True))
    assert np.array_equal(draws[1], other(x, training=True))


def test_rates_at_the_ends() -> None:
    assert np.array_equal(layers.Dropout(0.0)(LARGE, training=True), LARGE)
    assert not layers.Dropout(1.0)(LARGE, training=True).any()


# Weights


def test_dense_weights_are_named_and_ordered() -> None:
    layer = layers.Dense(3, name="first")
    layer.build((None, 4))
    assert [(w.path, w.shape) for w in layer.weights] == [("first/kernel", (4, 3)), ("first/bias", (3,))]
    assert layer.count_params() == 15
    assert layer.trainable_weights == layer.weights
    layer.trainable = False
    assert layer.trainable_weights == []
    assert layer.non_trainable_weights == layer.weights


def test_default_names_are_counted_as_keras_does() -> None:
    names = [make().name for make in (lambda: layers.Dense(1), layers.ReLU, lambda: layers.Dense(1), layers.PReLU)]
    assert names == ["dense", "re_lu", "dense_1", "p_re_lu"]


def test_building_by_hand_is_building_once() -> None:
    class Twice(keras.Layer):
        def build(self, input_shape: Any) -> None:
            super().build(input_shape)
            self.inner = layers.Dense(2)
            self.inner.build(input_shape)
            self.own = self.add_weight(shape=(2,), name="own")

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs) + self.own

    layer = Twice(name="outer")
    layer.build((None, 4))
    assert layer.built
    layer(given("Dense"))
    assert [w.path for w in layer.weights] == ["outer/own", "outer/dense/kernel", "outer/dense/bias"]
    assert layer.get_build_config() == {"input_shape": (None, 4)}


def test_setting_weights_checks_all_before_any() -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    for wrong in ([np.ones((3, 2))], [np.ones((3, 2)), np.ones(3)], [np.ones((2, 3)), np.ones(2)]):
        with pytest.raises(ShapeError, match="kernel"):
            layer.set_weights(wrong)
    assert all(map(np.array_equal, before, layer.get_weights()))


# Layers of layers


class Block(keras.Layer):
    """Two layers and a shortcut, in one."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.parts = [layers.Dense(units, activation="relu") for _ in range(2)]
        self.drop = layers.Dropout(0.5, seed=1)
        self.gate = self.add_weight(shape=(), initializer="ones", name="gate")

    def call(self, inputs: Any, training: bool = False) -> Any:
        x = inputs
        for part in self.parts:
            x = part(x)
        return inputs + self.gate * self.drop(x, training=training)


def test_a_layer_made_of_layers() -> None:
    block = Block(4)
    x = given("Dense")
    assert block(x).shape == (N, 4)
    assert [w.name for w in block.weights] == ["gate", "kernel", "bias", "kernel", "bias"]
    assert block.get_config()["units"] == 4
    model = as_model(block, "Dense")
    np.testing.assert_allclose(model.predict(x, verbose=0), block(x), rtol=1e-5)
    assert not np.array_equal(block(x, training=True), block(x))
    model.compile("sgd", "mse")
    model.fit(x, x, verbose=0)
    check_gradients(lambda x: block(x, training=True), x)


def test_layers_put_into_lists_and_dicts_later_are_noticed() -> None:
    class Growing(keras.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.row: list[Any] = []
            self.row.append(layers.Dense(2))
            self.row += [layers.Dense(2)]
            self.row.insert(0, layers.Dense(2))
            self.by_name: dict[str, Any] = {}
            self.by_name["last"] = layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            for layer in self.row:
                inputs = layer(inputs)
            return self.by_name["last"](inputs)

    layer = Growing()
    assert layer(given("Dense")).shape == (N, 1)
    assert len(layer.weights) == 8


def test_a_layer_called_on_arrays_records_nothing() -> None:
    layer = layers.Dense(2)
    layer(given("Dense"))
    with pytest.raises(NotBuiltError, match="not called on an Input"):
        _ = layer.output
    assert isinstance(layer(keras.Input((4,))), Tensor)


def test_a_function_of_ones_own_as_activation() -> None:
    layer = layers.Dense(2, activation=lambda x: ops.tanh(x) * 2)
    x = given("Dense")
    np.testing.assert_allclose(layer(x), 2 * np.tanh(x @ layer.get_weights()[0]), rtol=1e-5)
    check_gradients(layer, x)


def test_penalties_are_those_of_the_last_call() -> None:
    class Penalized(layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(ops.sum(inputs))
            return inputs

    layer = Penalized()
    model = keras.Sequential([keras.Input((2,)), layer, layers.Dense(2, activity_regularizer="l2")])
    for size in (1, 3):
        model(np.ones((size, 2), "float32"))
        assert len(model.losses) == 2
        assert float(layer.losses[0]) == 2 * size


def test_normalization_adapts_to_numbers_in_a_row() -> None:
    numbers = np.array([1.0, 2.0, 3.0], "float32")
    layer = layers.Normalization(axis=None)
    layer.adapt(numbers)
    want = (numbers - 2) / np.sqrt(2 / 3)
    np.testing.assert_allclose(layer(numbers), want, rtol=1e-6)
    np.testing.assert_allclose(layer(numbers[:, None]), want[:, None], rtol=1e-6)
    assert layer.mean.shape == (1,)


def test_integers_come_out_of_dense_in_its_dtype() -> None:
    layer = layers.Dense(2, kernel_initializer="ones")
    y = layer(np.arange(8).reshape(2, 4))
    assert y.dtype == np.float32
    assert y.tolist() == [[6, 6], [22, 22]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LeakyReLU(-1),
        lambda: layers.LeakyReLU(None),
        lambda: layers.ReLU(max_value=-1),
        lambda: layers.ReLU(negative_slope=-1),
        lambda: layers.ReLU(threshold=None),
        lambda: layers.Flatten(data_format="last"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(ArgumentError):
        make()
