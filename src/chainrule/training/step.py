"""A model's plans: one for training, one for testing, one for predicting.

The model is traced once for each of them (dropout acts only in the first), the loss is
put on top, the graph is rewritten, and a plan is made.  After that a step is: gather a
batch into the plan's memory, run the calls, copy what the model assigned to its variables
(such as moving averages) into them, and, in training, let the optimizer change the flat
vector of weights.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.errors import NonFiniteError
from chainrule.graph.order import leaves_of
from chainrule.graph.rewrite import simplify
from chainrule.graph.tensor import Tensor, tracing
from chainrule.graph.variable import Variable, recording_updates
from chainrule.kernels import available
from chainrule.plan.parameters import Parameters
from chainrule.plan.plan import Bound, Plan, Shapes
from chainrule.spec import TensorSpec
from chainrule.training.data import Batch
from chainrule.training.gathering import Gathering
from chainrule.tree import flatten

if TYPE_CHECKING:
    from chainrule.training.planned import Planned


def one_pool() -> AbstractContextManager[None]:
    """Inside, one thread pool at a time; nothing to do without kernels."""
    if not available():
        return nullcontext()
    from chainrule.kernels import threads

    return threads.one_pool()


class Step:
    """A traced and planned model.

    Whoever runs a step and reads its values holds `Step.turn` meanwhile: plans share one pool of
    threads, and the next run overwrites the values.

    Args:
        model: the model.
        mode: "train", "test" or "predict".
        x: arrays like the inputs.
        y: arrays like the targets.
        weights: arrays like the sample weights.
        parameters: the flat vector that is trained; None unless `mode` is "train".
    """

    turn = threading.RLock()

    def __init__(
        self,
        model: Planned,
        mode: str,
        x: Sequence[np.ndarray],
        y: Sequence[np.ndarray],
        weights: Sequence[np.ndarray],
        parameters: Parameters | None,
    ) -> None:
        self.model, self.mode = model, mode
        inputs = model.input_tensors(x)
        targets = [_leaf(f"y{k}", a, dtype) for k, (a, dtype) in enumerate(model.target_dtypes(y))]
        real = np.dtype(config.floatx())
        shares = [_leaf(f"weight{k}", a, real) for k, a in enumerate(weights)]
        for layer in model.all_layers():
            layer._losses.clear()
        with tracing(), recording_updates() as updates:
            outputs = model.trace(inputs, training=mode == "train")
            self.structure = outputs
            predictions: list[Tensor] = flatten(outputs)
            losses: list[Any] = []
            if mode != "predict":
                losses = model.traced_losses(targets, predictions, shares)
            scaled = [model.optimizer.scale_loss(losses[0])] if mode == "train" else []
        for layer in model.all_layers():
            layer._losses.clear()
        wanted = simplify([*losses, *predictions, *updates.values(), *scaled], differentiated=mode == "train")
        loss = wanted[-1] if mode == "train" else None  # what is differentiated; the first is what is reported
        self.loss_count, self.end = len(losses), len(losses) + len(predictions)
        self.updated = list(updates)
        self._ways: dict[Shapes, list[Gathering]] = {}
        self.plan = Plan(wanted, [*inputs, *targets, *shares], loss, parameters)
        generators = [g for layer in model.all_layers() for g in layer._seed_generators]
        self.states = [g.state for g in generators] if mode == "train" else []
        self.variables = [x for x in leaves_of(wanted) if isinstance(x, Variable)]
        self.moves = sum(v.moves for v in self.variables)

    def is_stale(self) -> bool:
        """Whether a weight has moved to other memory since the plan was made."""
        return self.moves != sum([v.moves for v in self.variables])

    def threads(self, *shapes: tuple[int, ...]) -> bool:
        """Whether a run for arrays of these shapes may use several threads."""
        return self.plan.at(shapes).whole.threads

    def load(self, batch: Batch) -> Bound:
        """Gather a batch into the plan's memory."""
        n = batch.size
        arrays = batch.arrays
        shapes = tuple((n, *a.shape[1:]) for a in arrays)
        bound = self.plan.at(shapes)
        ways = self._ways.get(shapes)
        if ways is None or ways[0].target is not bound.feeds[0]:  # the plan has moved
            ways = self._ways[shapes] = [Gathering(target) for target in bound.feeds]
        for gather, source in zip(ways, arrays, strict=True):
            gather(source, batch.rows)
        return bound

    def run(self, batch: Batch) -> list[np.ndarray]:
        """Run on a batch; the losses, then the predictions, as views that the next run overwrites."""
        bound = self.load(batch)
        bound.run()
        for variable, value in zip(self.updated, bound.values[self.end :], strict=False):
            np.copyto(variable.value, value)
        for state in self.states:
            state.value[1] += 1
        return bound.values[: self.end]

    def check(self, loss: float, batch: Batch, number: int) -> None:
        """Stop at a loss that is not finite, and say where it began.

        Raises:
            NonFiniteError: it is not.
        """
        if math.isfinite(loss):
            return
        for state in self.states:
            state.value[1] -= 1
        label = self.load(batch).first_non_finite()
        for state in self.states:
            state.value[1] += 1
        raise NonFiniteError(
            f"the loss became {loss} in step {number}", where=self.model.name, expected="a finite loss",
            got=f"the first number that is not finite comes from {label or 'the loss itself'}",
            hint="a smaller learning rate, clipnorm=1.0 in the optimizer, or inputs scaled to about -1..1",
        )  # fmt: skip


def _leaf(name: str, like: np.ndarray, dtype: np.dtype[Any]) -> Tensor:
    """A leaf of a graph for arrays with samples like these."""
    return Tensor(TensorSpec((None, *like.shape[1:]), dtype), name)
