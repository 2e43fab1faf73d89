"""Make the inputs that the cases share: small data sets and the pool that initial weights are cut from."""

import numpy as np

from golden.cases import DATA, Array


def make() -> dict[str, Array]:
    random = np.random.default_rng(20240)
    arrays: dict[str, Array] = {"pool": random.normal(size=2000)}

    x = random.normal(size=(64, 8))
    truth = random.normal(size=(8, 4))
    scores = x @ truth + 0.3 * random.normal(size=(64, 4))
    labels = scores.argmax(axis=1)
    arrays["x"] = x
    arrays["labels"] = labels.astype("int64")
    arrays["labels.column"] = labels.astype("int64")[:, None]
    arrays["onehot"] = np.eye(4)[labels]
    arrays["binary"] = (scores[:, :1] > 0).astype("float64")
    arrays["multilabel"] = (scores > 0).astype("float64")
    arrays["signs"] = np.sign(scores[:, :2])
    arrays["real"] = np.tanh(scores[:, :2]) + 0.1 * random.normal(size=(64, 2))
    arrays["positive"] = np.exp(0.3 * scores[:, :2])
    arrays["counts"] = np.floor(np.exp(0.4 * scores[:, :2])).clip(0, 9)
    arrays["distribution"] = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    arrays["sample_weight"] = random.uniform(0.2, 2.0, size=64)
    arrays["sample_weight.zeros"] = (random.uniform(size=64) > 0.4) * arrays["sample_weight"]

    # A further set, for validation, by a slightly other rule, so that overfitting shows.
    vx = random.normal(size=(10, 8))
    vlabels = (vx @ (truth + 0.5 * random.normal(size=(8, 4)))).argmax(axis=1)
    arrays["validation.x"] = vx
    arrays["validation.labels"] = vlabels.astype("int64")
    arrays["validation.onehot"] = np.eye(4)[vlabels]
    arrays["validation.binary"] = (vx[:, :1] > 0).astype("float64")
    arrays["validation.real"] = np.tanh(vx[:, :2])
    arrays["validation.sample_weight"] = random.uniform(0.2, 2.0, size=10)

    # Predictions for losses and metrics: three batches of six.
    logits = 2 * random.normal(size=(18, 4))
    arrays["p.logits"] = logits
    arrays["p.softmax"] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    arrays["p.sigmoid"] = 1 / (1 + np.exp(-logits))
    arrays["p.binary_logits"] = logits[:, :1]
    arrays["p.binary"] = 1 / (1 + np.exp(-logits[:, :1]))
    arrays["p.real"] = random.normal(size=(18, 3))
    arrays["p.positive"] = np.exp(0.5 * random.normal(size=(18, 3)))
    arrays["p.unit"] = (lambda v: v / np.linalg.norm(v, axis=1, keepdims=True))(random.normal(size=(18, 5)))
    arrays["t.labels"] = random.integers(0, 4, size=18)
    arrays["t.onehot"] = np.eye(4)[arrays["t.labels"]]
    arrays["t.ignored"] = np.where(np.arange(18) % 4 == 1, 2, arrays["t.labels"])
    arrays["t.binary"] = (random.uniform(size=(18, 1)) > 0.5).astype("float64")
    arrays["t.multilabel"] = (random.uniform(size=(18, 4)) > 0.5).astype("float64")
    arrays["t.signs"] = np.sign(random.normal(size=(18, 3)))
    arrays["t.real"] = random.normal(size=(18, 3))
    arrays["t.positive"] = np.exp(0.5 * random.normal(size=(18, 3)))
    arrays["t.counts"] = random.integers(0, 5, size=(18, 3)).astype("float64")
    arrays["t.distribution"] = random.dirichlet(np.ones(4), size=18)
    arrays["t.groups"] = np.arange(18) % 3
    arrays["t.edge"] = np.array([[0.0], [1.0], [0.0], [1.0], [0.0], [1.0]])
    arrays["p.edge"] = np.array([[0.0], [1.0], [1.0], [0.0], [0.5], [0.5]])
    arrays["w.rows"] = random.uniform(0.1, 2.0, size=18)

    # Arguments of activations: zero, kinks and both tails; a smooth middle.
    tails = np.array([1e-8, 1e-4, 0.01, 0.25, 0.5, 1, 2, 2.5, 3, 4, 5.5, 6, 7, 10, 15, 20, 30, 50, 80])
    arrays["grid"] = np.concatenate([-tails[::-1], [0.0], tails, random.normal(size=9)])
    arrays["grid.upstream"] = random.normal(size=arrays["grid"].shape)
    rows = 3 * random.normal(size=(6, 4))
    rows[3] = [1e3, -1e3, 0, 999]
    rows[4] = [0, 0, 0, 0]
    arrays["rows"] = rows
    arrays["rows.upstream"] = random.normal(size=(6, 4))
    arrays["matrix"] = random.normal(size=(5, 4))
    arrays["cube"] = random.normal(size=(3, 4, 2))
    return {name: a if a.dtype.kind == "i" else a.astype("float32") for name, a in arrays.items()}


if __name__ == "__main__":
    np.savez_compressed(DATA / "inputs.npz", **make())
