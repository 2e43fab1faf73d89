"""What a model's plans need: its graph, its losses, and the flat vector of its weights."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule import config, ops
from chainrule.errors import ArgumentError
from chainrule.graph.tensor import Tensor, tracing
from chainrule.graph.variable import Variable
from chainrule.layers.base import Layer
from chainrule.plan.parameters import Parameters
from chainrule.spec import TensorSpec
from chainrule.training.compiled import CompiledLoss, CompiledMetrics, is_sparse
from chainrule.training.data import Batch
from chainrule.training.step import Step
from chainrule.tree import flatten


class Planned(Layer):
    """A layer that can be traced with a loss on top, and planned.

    Args:
        **kwargs: those of a layer.
    """

    inputs: list[Tensor] | None = None  # known from the beginning, or once the model has seen data
    outputs: list[Tensor] | None = None
    _input_structure: Any = None
    _output_structure: Any = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.optimizer: Any = None
        self._compile_arguments: dict[str, Any] | None = None
        self._compiled_loss: CompiledLoss | None = None
        self._compiled_metrics: CompiledMetrics | None = None
        self._parameters: Parameters | None = None
        self._steps: dict[Any, Step] = {}
        self._predicted: tuple[Step, tuple[int, ...], np.dtype[Any]] | None = None  # what `predict` did last

    def input_tensors(self, x: Sequence[np.ndarray]) -> list[Tensor]:
        """Fresh leaves of a graph, like the model's inputs."""
        real = np.dtype(config.floatx())
        known = self.inputs
        specs = [TensorSpec(a.shape, real) for a in x] if known is None else [t.spec for t in known]
        specs = [TensorSpec((None, *spec.shape[1:]), spec.dtype) for spec in specs]
        return [Tensor(spec, f"x{k}" if k else "x") for k, spec in enumerate(specs)]

    def target_dtypes(self, y: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.dtype[Any]]]:
        """Targets with the dtype in which the plan takes them: labels stay integers."""
        real = np.dtype(config.floatx())
        if not y:
            return []
        loss = self._losses_of_outputs()
        ones = [loss.losses[k] for k in loss.places(len(y))]
        return [(a, np.dtype(np.int64) if is_sparse(one) else real) for a, one in zip(y, ones, strict=True)]

    def trace(self, inputs: list[Tensor], training: bool) -> Any:
        """Run the model on tensors, which records its graph."""
        given: Any = inputs if len(inputs) > 1 else inputs[0]
        if isinstance(self._input_structure, dict):
            given = dict(zip(self._input_structure, inputs, strict=True))
        return self(given, training=training)

    def traced_losses(self, y: list[Tensor], predictions: list[Tensor], weights: list[Tensor]) -> list[Any]:
        """The total loss with all penalties, then the losses of several outputs."""
        values = self._losses_of_outputs()(y, predictions, weights)
        for penalty in self.losses:
            penalty = ops.sum(penalty) if len(penalty.shape) else penalty
            values[0] = penalty if values[0] is None else values[0] + penalty
        if values[0] is None:
            raise ArgumentError("no output has a loss", where="compile", hint='compile(loss="mse"), for one')
        return values

    def _losses_of_outputs(self) -> CompiledLoss:
        if self._compiled_loss is None:
            assert self._compile_arguments is not None
            given = self._compile_arguments
            names = self._names_of_outputs()
            self._compiled_loss = CompiledLoss(given["loss"], given["loss_weights"], names)
            self._compiled_metrics = CompiledMetrics(
                given["metrics"], given["weighted_metrics"], names, self._compiled_loss.losses
            )
        return self._compiled_loss

    def _names_of_outputs(self) -> list[str]:
        if isinstance(self._output_structure, dict):
            return list(self._output_structure)
        if self.outputs is not None:
            return self.output_names
        count = len(self._output_tensors())
        return ["output"] if count == 1 else [f"output_{k}" for k in range(count)]

    def _output_tensors(self) -> list[Tensor]:
        return self._traced_outputs if self.outputs is None else self.outputs

    def _ensure_built(self, inputs: Sequence[np.ndarray]) -> None:
        """Make the weights of a model that waited for data."""
        if self.built and (self.outputs is not None or hasattr(self, "_traced_outputs")):
            return
        tensors = self.input_tensors(inputs)
        with tracing():
            outputs = self.trace(tensors, training=False)
        self._traced_outputs: list[Tensor] = flatten(outputs)
        if isinstance(outputs, dict):
            self._output_structure = outputs

    def _step(self, mode: str, batch: Batch) -> Step:
        """The plan for this mode and these kinds of arrays, made on the first call."""
        key = (mode, *((a.shape[1:]) for a in batch.arrays), len(batch.y), len(batch.weights))
        step = self._steps.get(key)
        if step is not None and not step.is_stale() and (mode != "train" or step.plan.parameters is self._parameters):
            return step
        parameters = self._trained_parameters() if mode == "train" else None
        step = self._steps[key] = Step(self, mode, batch.x, batch.y, batch.weights, parameters)
        if mode == "train":
            self._check_reached(step.plan.unreached)
        if mode != "predict" and self._compiled_metrics is not None and batch.y:
            places = self._losses_of_outputs().places(len(batch.y))
            self._compiled_metrics.build(batch.y, self._output_tensors(), places)
        return step

    def _check_reached(self, unreached: Sequence[Variable]) -> None:
        """The loss depends on the weights: on some at least."""
        paths = ", ".join(v.path for v in unreached)
        if unreached and len(unreached) == len(self.trainable_variables):
            raise ArgumentError(
                "the loss has no derivative by any weight", where=self.name, got=paths,
                hint="losses and layers of your own use differentiable operations of chainrule.ops on their inputs",
            )  # fmt: skip
        if unreached:
            warnings.warn(f"{self.name}: the loss does not depend on {paths}, so training leaves them", stacklevel=5)

    def _trained_parameters(self) -> Parameters:
        """The trainable weights as one flat vector, which the optimizer updates."""
        variables = tuple(self.trainable_variables)
        if not variables:
            frozen = bool(self.weights)
            raise ArgumentError(
                "there is nothing to train", where=self.name,
                got="no weight is trainable" if frozen else "no layer has weights",
                hint="set trainable = True on some layers, and compile again" if frozen else "add a Dense layer",
            )  # fmt: skip
        kept = self._parameters
        if kept is not None and kept.variables == variables and kept.are_home:
            return kept
        parameters = Parameters(variables)
        try:
            self.optimizer.bind(parameters)
        except ArgumentError as error:
            raise ArgumentError(
                "other weights are to be trained than when the optimizer began", where=self.name,
                expected=error.expected, got=error.got, hint="compile the model again, with a new optimizer",
            ) from error  # fmt: skip
        self._parameters = parameters
        return parameters

    def _forget_traces(self) -> None:
        """Plan anew at the next call, after the layers have changed."""
        self._steps.clear()
        self._predicted = None
        self._compiled_loss = self._compiled_metrics = None
        self.__dict__.pop("_traced_outputs", None)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, as the keys in dicts of arrays."""
        return [x.name for x in self.inputs or ()]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: the layers that give them."""
        return [x.origin.layer.name if x.origin is not None else x.name for x in self.outputs or ()]
