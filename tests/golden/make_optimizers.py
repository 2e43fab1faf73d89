"""Make optimizers.json: every optimizer and every schedule, 20 steps by train_on_batch and by fit."""

from __future__ import annotations

from golden import cases
from golden.maker import Spec, dense, entry, keras, new, save
from golden.training import train

CLASSIFIER = [entry(8), dense(10, "tanh"), dense(4, "softmax")]

VARIANTS: dict[str, list[tuple[str, Spec]]] = {
    "SGD": [
        ("default", {}),
        ("rate", {"learning_rate": 0.1}),
        ("momentum", {"learning_rate": 0.05, "momentum": 0.9}),
        ("nesterov", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
        ("nesterov-without-momentum", {"learning_rate": 0.05, "nesterov": True}),
    ],
    "Adam": [
        ("default", {}),
        ("arguments", {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
        ("amsgrad", {"learning_rate": 0.02, "beta_2": 0.9, "amsgrad": True}),
    ],
    "AdamW": [
        ("default", {}),
        ("arguments", {"learning_rate": 0.02, "weight_decay": 0.1, "beta_1": 0.8, "epsilon": 1e-4}),
        ("amsgrad", {"learning_rate": 0.02, "amsgrad": True}),
    ],
    "Adagrad": [
        ("default", {}),
        ("arguments", {"learning_rate": 0.1, "initial_accumulator_value": 0.01, "epsilon": 1e-3}),
    ],
    "Adadelta": [("default", {}), ("arguments", {"learning_rate": 1.0, "rho": 0.8, "epsilon": 1e-3})],
    "RMSprop": [
        ("default", {}),
        ("arguments", {"learning_rate": 0.01, "rho": 0.7, "epsilon": 1e-3}),
        ("momentum", {"learning_rate": 0.01, "momentum": 0.8}),
        ("centered", {"learning_rate": 0.01, "centered": True}),
        ("centered-momentum", {"learning_rate": 0.01, "centered": True, "momentum": 0.8, "epsilon": 1e-4}),
    ],
    "Adamax": [
        ("default", {}),
        ("arguments", {"learning_rate": 0.02, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-4}),
    ],
    "Nadam": [
        ("default", {}),
        ("arguments", {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4}),
    ],
    "Ftrl": [
        ("default", {}),
        ("rate", {"learning_rate": 0.1}),
        ("l1", {"learning_rate": 0.1, "l1_regularization_strength": 0.02}),
        ("l2", {"learning_rate": 0.1, "l2_regularization_strength": 0.05}),
        ("shrinkage", {"learning_rate": 0.1, "l2_shrinkage_regularization_strength": 0.05}),
        ("beta", {"learning_rate": 0.1, "beta": 0.5}),
        (
            "everything",
            {
                "learning_rate": 0.1,
                "learning_rate_power": -0.7,
                "initial_accumulator_value": 0.2,
                "l1_regularization_strength": 0.01,
                "l2_regularization_strength": 0.02,
                "l2_shrinkage_regularization_strength": 0.03,
                "beta": 0.2,
            },
        ),
    ],
    "Lion": [("default", {}), ("arguments", {"learning_rate": 0.005, "beta_1": 0.8, "beta_2": 0.95})],
}

# What every optimizer takes; tried on one with and one without slots, and on AdamW, whose decay is its own.
COMMON: list[tuple[str, Spec]] = [
    ("weight_decay", {"weight_decay": 0.05}),
    ("clipnorm", {"clipnorm": 0.1}),
    ("clipvalue", {"clipvalue": 0.02}),
    ("global_clipnorm", {"global_clipnorm": 0.15}),
    ("ema", {"use_ema": True, "ema_momentum": 0.8}),
    ("ema-overwrite", {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3}),
    ("accumulation", {"gradient_accumulation_steps": 4}),
    ("accumulation-uneven", {"gradient_accumulation_steps": 3}),
    ("accumulation-clipnorm", {"gradient_accumulation_steps": 2, "clipnorm": 0.1}),
    ("accumulation-decay-ema", {"gradient_accumulation_steps": 2, "weight_decay": 0.05, "use_ema": True}),
    ("loss-scale", {"loss_scale_factor": 8.0}),
]

SCHEDULES: list[tuple[str, Spec]] = [
    ("exponential", new("ExponentialDecay", initial_learning_rate=0.1, decay_steps=4, decay_rate=0.7)),
    (
        "exponential-staircase",
        new("ExponentialDecay", initial_learning_rate=0.1, decay_steps=4, decay_rate=0.7, staircase=True),
    ),
    ("piecewise", new("PiecewiseConstantDecay", boundaries=[5, 10], values=[0.1, 0.05, 0.01])),
    ("polynomial", new("PolynomialDecay", initial_learning_rate=0.1, decay_steps=12, power=2.0)),
    (
        "polynomial-cycle",
        new("PolynomialDecay", initial_learning_rate=0.1, decay_steps=6, end_learning_rate=0.01, cycle=True),
    ),
    ("inverse-time", new("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=4, decay_rate=0.5)),
    (
        "inverse-time-staircase",
        new("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=4, decay_rate=0.5, staircase=True),
    ),
    ("cosine", new("CosineDecay", initial_learning_rate=0.1, decay_steps=15, alpha=0.1)),
    (
        "cosine-warmup",
        new("CosineDecay", initial_learning_rate=0.01, decay_steps=12, warmup_target=0.1, warmup_steps=5),
    ),
    (
        "cosine-restarts",
        new(
            "CosineDecayRestarts",
            initial_learning_rate=0.1,
            first_decay_steps=5,
            t_mul=1.5,
            m_mul=0.8,
            alpha=0.05,
        ),
    ),
]


def case(name: str, optimizer: Spec | str) -> Spec:
    return {
        "id": name,
        "model": CLASSIFIER,
        "compile": {
            "optimizer": optimizer,
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
        },
        "x": "x",
        "y": "labels",
        "batch_size": 16,
        "epochs": 5,
    }


def make() -> list[Spec]:
    made = []
    for kind, variants in VARIANTS.items():
        made += [
            case(f"{kind}-{name}", new(f"optimizers.{kind}", **arguments)) for name, arguments in variants
        ]
        made.append(case(f"string-{kind.lower()}", kind.lower()))
        if kind not in ("SGD", "Adam", "AdamW"):
            made.append(case(f"{kind}-weight_decay", new(f"optimizers.{kind}", weight_decay=0.05)))
    for kind, rate in (("SGD", 0.1), ("Adam", 0.02), ("AdamW", 0.02)):
        for name, arguments in COMMON:
            made.append(case(f"{kind}-{name}", new(f"optimizers.{kind}", learning_rate=rate, **arguments)))
    for name, schedule in SCHEDULES:
        schedule = new(f"optimizers.schedules.{schedule['class_name']}", **schedule["config"])
        made.append(case(f"schedule-{name}", new("optimizers.SGD", learning_rate=schedule)))
    made.append(
        case(
            "schedule-adam-accumulation",
            new("optimizers.Adam", learning_rate=schedule, gradient_accumulation_steps=2),
        )
    )
    return made


if __name__ == "__main__":
    save("optimizers", *train(keras, [cases.Case(case) for case in make()]))
