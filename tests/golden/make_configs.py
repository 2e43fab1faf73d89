"""Make configs.json (get_config of every object), names.json (string names) and models.json (models)."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

from golden import cases
from golden.maker import Spec, dense, entry, keras, new, save

LAYERS = [
    entry(4),
    new("layers.InputLayer", shape=[4]),
    dense(3),
    dense(
        3,
        "relu",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=new("regularizers.L2", l2=0.02),
        bias_constraint="non_neg",
        name="named",
    ),
    new("layers.Activation", activation="relu"),
    new("layers.ReLU"),
    new("layers.LeakyReLU"),
    new("layers.ELU"),
    new("layers.PReLU"),
    new("layers.Softmax"),
    new("layers.Dropout", rate=0.5),
    new("layers.AlphaDropout", rate=0.5),
    new("layers.GaussianDropout", rate=0.5),
    new("layers.GaussianNoise", stddev=0.1),
    new("layers.Flatten"),
    new("layers.Reshape", target_shape=[2, 2]),
    new("layers.Permute", dims=[2, 1]),
    new("layers.RepeatVector", n=3),
    new("layers.Rescaling", scale=0.5),
    new("layers.Normalization"),
    new("layers.Normalization", mean=0.5, variance=2.0),
    new("layers.ActivityRegularization"),
    new("layers.ActivityRegularization", l1=0.1, l2=0.2),
    new("layers.Identity"),
    new("layers.Add"),
    new("layers.Multiply"),
    new("layers.Concatenate"),
    new("layers.Conv1D", filters=3, kernel_size=2, padding="causal"),
    new("layers.Conv2D", filters=4, kernel_size=[3, 2], strides=2, groups=2, kernel_regularizer="l2"),
    new("layers.Conv2D", filters=4, kernel_size=3, data_format="channels_first", activity_regularizer="l2"),
    new("layers.Conv3D", filters=2, kernel_size=3, use_bias=False),
    new("layers.DepthwiseConv1D", kernel_size=3),
    new("layers.DepthwiseConv2D", kernel_size=3, depth_multiplier=2),
    new("layers.SeparableConv1D", filters=2, kernel_size=3),
    new("layers.SeparableConv2D", filters=2, kernel_size=[3, 2], dilation_rate=2, pointwise_constraint="max_norm"),
    new("layers.Conv1DTranspose", filters=2, kernel_size=3, strides=2),
    new("layers.Conv2DTranspose", filters=2, kernel_size=3, strides=2, padding="same", output_padding=1),
    new("layers.Conv3DTranspose", filters=2, kernel_size=2, bias_initializer="ones"),
]
OPTIMIZERS = ["SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "RMSprop", "Adamax", "Nadam", "Ftrl", "Lion"]
SCHEDULES = [
    new("ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.9),
    new("PiecewiseConstantDecay", boundaries=[5, 10], values=[0.1, 0.05, 0.01]),
    new("PolynomialDecay", initial_learning_rate=0.1, decay_steps=10),
    new("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5),
    new("CosineDecay", initial_learning_rate=0.1, decay_steps=10),
    new("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=10),
]
LOSSES = [
    *(
        "BinaryCrossentropy",
        "BinaryFocalCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
    ),
    *(
        "CategoricalGeneralizedCrossEntropy",
        "CategoricalHinge",
        "Circle",
        "CosineSimilarity",
        "Dice",
        "Hinge",
    ),
    *(
        "Huber",
        "KLDivergence",
        "LogCosh",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
    ),
    *("MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky"),
]
METRICS: list[tuple[str, Spec]] = [
    *(
        (name, {})
        for name in ("Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy")
    ),
    *(
        (name, {})
        for name in ("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "Mean", "Sum", "AUC")
    ),
    *((name, {}) for name in ("FalseNegatives", "FalsePositives", "TrueNegatives", "TruePositives")),
    *((name, {}) for name in ("Precision", "Recall", "F1Score", "FBetaScore", "BinaryIoU")),
    *((name, {}) for name in ("CategoricalHinge", "Hinge", "SquaredHinge", "KLDivergence", "Poisson")),
    *(
        (name, {})
        for name in ("BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy")
    ),
    *((name, {}) for name in ("CosineSimilarity", "LogCoshError", "MeanAbsoluteError", "MeanSquaredError")),
    *((name, {}) for name in ("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "R2Score")),
    *((name, {}) for name in ("RootMeanSquaredError", "PearsonCorrelation", "ConcordanceCorrelation")),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2]}),
    ("MeanIoU", {"num_classes": 3}),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 2]}),
    ("OneHotMeanIoU", {"num_classes": 3}),
    ("PrecisionAtRecall", {"recall": 0.8}),
    ("RecallAtPrecision", {"precision": 0.8}),
    ("SensitivityAtSpecificity", {"specificity": 0.5}),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5}),
]
INITIALIZERS = [
    *("Zeros", "Ones", "Constant", "Identity", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"),
    *("LecunNormal", "LecunUniform", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal"),
    "VarianceScaling",
]
REGULARIZERS = ["L1", "L2", "L1L2", "OrthogonalRegularizer"]
CONSTRAINTS = ["MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"]

# Names that get() understands; circle and ctc want more than a network's prediction.
NAMES = {
    "losses": """
        BCE KLD MAE MAPE MSE MSLE bce binary_crossentropy binary_focal_crossentropy
        categorical_crossentropy categorical_focal_crossentropy categorical_hinge circle
        cosine_similarity dice hinge huber kl_divergence kld log_cosh mae mape mean_absolute_error
        mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error mse msle
        poisson sparse_categorical_crossentropy squared_hinge tversky MeanSquaredError
        BinaryCrossentropy
    """,
    "metrics": """
        AUC BCE MAE MAPE MSE MSLE accuracy auc bce binary_accuracy binary_crossentropy
        categorical_accuracy categorical_crossentropy categorical_hinge concordance_correlation
        cosine_similarity f1_score f_beta_score false_negatives false_positives hinge kl_divergence
        log_cosh_error mae mape mean mean_absolute_error mean_absolute_percentage_error
        mean_squared_error mean_squared_logarithmic_error mse msle pearson_correlation poisson
        precision r2_score recall root_mean_squared_error sparse_categorical_accuracy
        sparse_categorical_crossentropy sparse_top_k_categorical_accuracy squared_hinge sum
        top_k_categorical_accuracy true_negatives true_positives
    """,
    "optimizers": "adadelta adagrad adam adamax adamw ftrl lion nadam rmsprop sgd Adam SGD RMSprop",
    "initializers": """
        glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform normal
        one ones orthogonal random_normal random_uniform truncated_normal uniform variance_scaling
        zero zeros GlorotUniform HeNormal
    """,
    "regularizers": "L1 L1L2 L2 l1 l1l2 l2 orthogonal_regularizer",
    "constraints": "max_norm min_max_norm non_neg unit_norm MaxNorm",
    "activations": """
        celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
        leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink
        softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh
        tanh_shrink
    """,
}

SEQUENTIAL = [
    entry(8, name="features"),
    dense(16, "relu", kernel_regularizer="l2"),
    new("layers.Dropout", rate=0.3),
    new("layers.PReLU"),
    dense(8, "selu", name="hidden"),
    dense(3, "softmax"),
]
FUNCTIONAL = {
    "inputs": {"a": entry(6, name="a"), "b": entry(4, name="b")},
    "nodes": [
        ["da", dense(5, "relu"), ["a"]],
        ["db", dense(5, "tanh"), ["b"]],
        ["sum", new("layers.Add"), ["da", "db"]],
        ["product", new("layers.Multiply"), ["da", "db"]],
        ["both", new("layers.Concatenate"), ["sum", "product"]],
        ["class", dense(3, "softmax", name="class"), ["both"]],
        ["value", dense(1, name="value"), ["sum"]],
    ],
    "outputs": ["class", "value"],
}
SHARED = {
    "inputs": {"x": entry(4, name="x")},
    "nodes": [
        ["h", dense(4, "relu", name="h"), ["x"]],
        ["skip", new("layers.Add", name="skip"), ["x", "h"]],
        ["y", dense(2, name="y"), ["skip"]],
    ],
    "outputs": ["y"],
}
IMAGES = [
    entry(4, 5, 1),
    new("layers.Rescaling", scale=0.00392156862745098),
    new("layers.Permute", dims=[2, 1, 3]),
    new("layers.Reshape", target_shape=[10, 2]),
    new("layers.Flatten"),
    dense(6, "relu"),
    new("layers.RepeatVector", n=3),
    new("layers.Flatten"),
    new("layers.GaussianNoise", stddev=0.1),
    dense(2),
]
MODELS: list[tuple[str, Any, Any]] = [
    ("sequential", SEQUENTIAL, (None, 8)),
    ("sequential-without-input", [dense(4, "relu"), dense(2)], (None, 3)),
    ("sequential-images", IMAGES, (None, 4, 5, 1)),
    ("functional", FUNCTIONAL, None),
    ("functional-skip", SHARED, None),
]


def specs() -> list[tuple[str, Spec]]:
    found = [("layers", spec) for spec in LAYERS]
    found += [("optimizers", new(f"optimizers.{name}")) for name in OPTIMIZERS]
    found += [
        (
            "optimizers",
            new(
                "optimizers.SGD",
                learning_rate=new(
                    "optimizers.schedules.CosineDecay", initial_learning_rate=0.1, decay_steps=9
                ),
                momentum=0.9,
            ),
        )
    ]
    found += [("schedules", new(f"optimizers.schedules.{s['class_name']}", **s["config"])) for s in SCHEDULES]
    found += [("losses", new(f"losses.{name}")) for name in LOSSES]
    found += [("metrics", new(f"metrics.{name}", **config)) for name, config in METRICS]
    found += [("initializers", new(f"initializers.{name}")) for name in INITIALIZERS]
    found += [("regularizers", new(f"regularizers.{name}")) for name in REGULARIZERS]
    found += [("constraints", new(f"constraints.{name}")) for name in CONSTRAINTS]
    return found


def configs() -> list[Spec]:
    made: list[Spec] = []
    for number, (kind, spec) in enumerate(specs()):
        keras.backend.clear_session()
        if spec["class_name"] == "Input":
            continue
        built = cases.build(keras, spec)
        made.append(
            {
                "id": f"{number}-{spec['class_name']}",
                "kind": kind,
                "object": spec,
                "get_config": built.get_config(),
                "serialized": keras.saving.serialize_keras_object(built),
                "name": getattr(built, "name", None),
            }
        )
    return made


def names() -> list[Spec]:
    made: list[Spec] = []
    for kind, text in NAMES.items():
        for name in text.split():
            keras.backend.clear_session()
            built = getattr(keras, kind).get(name)
            function = not hasattr(built, "get_config")
            made.append(
                {
                    "id": f"{kind}-{name}",
                    "kind": kind,
                    "name": name,
                    "function": built.__name__ if function else None,
                    "class_name": None if function else type(built).__name__,
                    "get_config": None if function else built.get_config(),
                }
            )
    return made


def models() -> list[Spec]:
    made: list[Spec] = []
    for name, spec, shape in MODELS:
        keras.backend.clear_session()
        model = cases.build_model(keras, spec)
        if not model.built:
            model.build(shape)
        model.compile("adam", "mse", metrics=["mae"])
        texts = {}
        for label, options in (
            ("default", {}),
            ("trainable", {"show_trainable": True}),
            ("narrow", {"line_length": 60}),
        ):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                model.summary(print_fn=lambda line, *_, **__: print(line), **options)
            texts[label] = printed.getvalue()
        made.append(
            {
                "id": name,
                "model": spec,
                "build": None if shape is None else list(shape),
                "class_name": type(model).__name__,
                "name": model.name,
                "get_config": model.get_config(),
                "to_json": json.loads(model.to_json()),
                "compile_config": model.get_compile_config(),
                "layers": [
                    {
                        "name": layer.name,
                        "class_name": type(layer).__name__,
                        "parameters": layer.count_params(),
                        "weights": [weight.name for weight in layer.weights],
                    }
                    for layer in model.layers
                ],
                "weights": [
                    {"path": w.path, "name": w.name, "shape": list(w.shape), "trainable": w.trainable}
                    for w in model.weights
                ],
                "parameters": model.count_params(),
                "input_shape": model.input_shape,
                "output_shape": model.output_shape,
                "input_names": [tensor.name for tensor in model.inputs],
                "output_names": model.output_names if hasattr(model, "output_names") else None,
                "metrics_names": model.metrics_names,
                "summary": texts,
            }
        )
    return made


if __name__ == "__main__":
    save("configs", configs())
    save("names", names())
    save("models", models())
