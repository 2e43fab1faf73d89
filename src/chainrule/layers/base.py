"""Layer: weights, and the operations that use them.

A layer writes `__init__`, `build` and `call`; the rest is derived.  Its config is its
constructor's arguments, its output shape and its gradient are those of the operations it
calls, and a plan runs them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ClassVar

import numpy as np

from chainrule import config
from chainrule.errors import ArgumentError, NotBuiltError, ShapeError, UnknownNameError
from chainrule.graph.tensor import Tensor, scope, tracing
from chainrule.graph.variable import Variable, assigning_now, is_recording_updates, recording_updates
from chainrule.layers.tracking import WatchedDict, WatchedList
from chainrule.naming import snake_case, unique_name
from chainrule.spec import TensorSpec
from chainrule.tree import flatten, map_shapes, map_structure, shape_of

_training: ContextVar[bool | None] = ContextVar("training", default=None)
_calling: ContextVar[bool] = ContextVar("calling", default=False)
_innermost: ContextVar[Layer | None] = ContextVar("innermost", default=None)


@contextmanager
def putting_together() -> Iterator[None]:
    """Layers called inside remember what they were called on, even while a model is being called."""
    token = _calling.set(False)
    try:
        yield
    finally:
        _calling.reset(token)


def is_calling() -> bool:
    """Whether some layer is being called."""
    return _calling.get()


class LayerCall:
    """One call of a layer on the tensors of a model that is being put together.

    Args:
        layer: what was called.
        args: its positional arguments.
        kwargs: its keyword arguments.
    """

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs
        self.outputs: list[Tensor] = []

    @property
    def inputs(self) -> list[Tensor]:
        """The tensors among the arguments."""
        return [x for x in flatten((self.args, self.kwargs)) if isinstance(x, Tensor)]


class InputSpec:
    """What a layer takes, checked at each call.

    Args:
        dtype: name of the dtype.
        shape: the whole shape, None for any size.
        ndim: number of axes.
        max_ndim: most axes.
        min_ndim: fewest axes.
        axes: sizes of some axes.
        allow_last_axis_squeeze: a last axis of size 1 may be missing or extra.
        name: name of the input.
        optional: the input may be None.
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: tuple[int | None, ...] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype, self.shape, self.name, self.optional = dtype, shape, name, optional
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = axes or {}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze

    def __repr__(self) -> str:
        given = {k: v for k, v in vars(self).items() if v not in (None, False, {})}
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in given.items())})"

    def check(self, shape: tuple[int | None, ...], where: str) -> None:
        """Raise a ShapeError where `shape` is not what the layer takes."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim and not self.allow_last_axis_squeeze:
            raise ShapeError("the input has the wrong number of axes", where=where, expected=self.ndim, got=shape)
        if self.min_ndim is not None and rank < self.min_ndim:
            raise ShapeError(
                "the input has too few axes", where=where, expected=f"at least {self.min_ndim}", got=shape,
                hint="the first axis is the samples'; one sample is x[None]" if rank == 1 else "",
            )  # fmt: skip
        if self.max_ndim is not None and rank > self.max_ndim:
            raise ShapeError("the input has too many axes", where=where, expected=f"at most {self.max_ndim}", got=shape)
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                raise ShapeError(
                    "the input does not fit the weights", where=where,
                    expected=f"{size} on axis {axis}, as when the layer was built",
                    got=f"{shape[axis]}, in an input of shape {shape}",
                    hint=f"build a new layer for inputs of size {shape[axis]}, or give inputs of size {size}",
                )  # fmt: skip


class Layer:
    """Base class of all layers, and of your own.

    Args:
        activity_regularizer: penalty on the outputs, added to the loss.
        trainable: whether training may change the weights.
        dtype: dtype of the weights; the default is `config.floatx()`.
        autocast: accepted for Keras's sake; inputs always take the layer's dtype.
        name: name in summaries, errors and saved files.

    Example:
        >>> from chainrule import ops
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        ...     def call(self, inputs):
        ...         return ops.multiply(inputs, self.factor)
        >>> Scale()(np.array([[1.0, 2.0]], "float32"))
        array([[1., 2.]], dtype=float32)
    """

    _arguments: dict[str, Any]
    _config_skips: ClassVar[tuple[str, ...]] = ()  # constructor arguments that no config holds
    _fits_any_shape: ClassVar[bool] = False  # whether files say nothing of the shape it was built for

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        object.__setattr__(layer, "_arguments", _arguments_of(cls, args, kwargs))
        return layer

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _noting(cls.build)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            shape = (kwargs.pop("input_dim"),)
        if kwargs:
            known = [*inspect.signature(type(self).__init__).parameters, *inspect.signature(Layer.__init__).parameters]
            known = [k for k in dict.fromkeys(known) if k not in ("self", "kwargs", "args")]
            raise UnknownNameError.of("argument", next(iter(kwargs)), known, where=type(self).__name__)
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ArgumentError("a name is a string without '/'", where=type(self).__name__, got=repr(name))
        from chainrule import regularizers

        self.name = name or unique_name(snake_case(type(self).__name__))
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype_name = _dtype_name(dtype)
        self.autocast = autocast
        self.built = False
        self.supports_masking = True
        self.input_spec: InputSpec | None = None
        self.input_shape_argument = None if shape is None else tuple(shape)
        self._trainable = bool(trainable)
        self._trainable_variables: list[Variable] = []
        self._non_trainable_variables: list[Variable] = []
        self._sublayers: list[Layer] = []
        self._seed_generators: list[Any] = []
        self._losses: list[Any] = []
        self._calls: list[LayerCall] = []
        self._build_shape: Any = None

    # What a layer writes.

    def build(self, input_shape: Any) -> None:
        """Make the weights, for inputs of this shape."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The operations, on arrays or tensors."""
        raise ArgumentError(
            "the layer has no `call`", where=type(self).__name__, hint="define call(self, inputs): what it computes"
        )

    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of the layer.

        Args:
            shape: its shape; none for a single number.
            initializer: how it begins; the default is "glorot_uniform" for floats, "zeros" else.
            dtype: its dtype; the default is the layer's.
            trainable: whether training may change it.
            autocast: accepted for Keras's sake.
            regularizer: penalty on it, added to the loss.
            constraint: what is applied to it after each update.
            aggregation: accepted for Keras's sake.
            overwrite_with_gradient: accepted for Keras's sake.
            name: its name within the layer.
        """
        from chainrule import constraints, initializers, regularizers

        shape = () if shape is None else tuple(shape)
        if any(n is None for n in shape):
            raise ShapeError(
                "a weight needs a known size on every axis", where=f"{self.name}/{name or 'weight'}", got=shape,
                hint="give the model an Input whose feature axes are known",
            )  # fmt: skip
        kind = _dtype_name(dtype) if dtype is not None else self.dtype_name
        default = "glorot_uniform" if kind.startswith("float") else "zeros"
        make = initializers.get(initializer if initializer is not None else default)
        with tracing(False):
            variable = Variable(make, shape=shape, dtype=kind, trainable=trainable, name=name)
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        self._track_variable(variable)
        return variable

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to what training makes small; called from `call`."""
        self._losses.extend(loss if isinstance(loss, (list, tuple)) else [loss])

    # What is derived.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute on arrays, or record on tensors."""
        if not is_recording_updates() and _any_tensor(args, kwargs):
            with recording_updates():  # of shapes only: nothing runs
                return self(*args, **kwargs)
        outermost = not _calling.get()
        if outermost:
            for layer in self.all_layers():
                layer._losses.clear()  # penalties are those of the last call
        with self.named():
            args, kwargs, training = self._resolve(args, kwargs)
            token, inside = _training.set(training), _calling.set(True)
            try:
                first = self._first_inputs(args, kwargs)
                self._check(first)
                if not self.built:
                    self._build(first)
                args = tuple(self._cast(x) for x in args)
                outputs = self._located_call(args, kwargs)
                if self.activity_regularizer is not None:
                    from chainrule.ops.samples import samples

                    self.add_loss([self.activity_regularizer(y) / samples(y) for y in flatten(outputs)])
            finally:
                _training.reset(token)
                _calling.reset(inside)
        if outermost and any(isinstance(x, Tensor) and x.draft for x in flatten((args, kwargs))):
            return self._remember(args, kwargs, outputs)
        return outputs

    def _located_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`call`; an error of an operation's shapes says in which layer it happened."""
        try:
            return self.call(*args, **kwargs)
        except ShapeError as error:
            if "'" in error.where:  # a layer inside has said so
                raise
            place = f"{type(self).__name__} {self.name!r}, {error.where}".removesuffix(", ")
            facts = {"expected": error.expected, "got": error.got, "hint": error.hint}
            ShapeError.__init__(error, error.problem, where=place, **facts)  # type: ignore[arg-type]  # str and object
            raise

    def _resolve(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], bool | None]:
        """Whether this call trains: said here, or by the layer around it; else by the default of `call`."""
        accepts = _parameters_of(type(self).call)
        training = kwargs.get("training")
        if training is None:
            training = _training.get()
        if "training" in accepts and len(args) <= list(accepts).index("training") - 1:
            unsaid = accepts["training"].default
            if unsaid is inspect.Parameter.empty:
                unsaid = False
            kwargs = {**kwargs, "training": unsaid if training is None else bool(training)}
        elif "training" in kwargs and "training" not in accepts:
            kwargs = {k: v for k, v in kwargs.items() if k != "training"}
        if "mask" in kwargs and "mask" not in accepts:
            kwargs = {k: v for k, v in kwargs.items() if k != "mask"}
        return args, kwargs, training

    def _first_inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            return args[0]
        return next((v for k, v in kwargs.items() if k not in ("training", "mask")), None)

    def _cast(self, x: Any) -> Any:
        """Float arrays and integers take the layer's dtype, where the layer computes."""
        if isinstance(x, (list, tuple)):
            return type(x)(self._cast(item) for item in x)
        if isinstance(x, dict):
            return {k: self._cast(item) for k, item in x.items()}
        if isinstance(x, Tensor) or x is None or isinstance(x, (bool, str)):
            return x
        array = np.asarray(x)
        wrong = array.dtype.kind == "f" and array.dtype.name != self.dtype_name
        return array.astype(self.dtype_name) if wrong and self.autocast else array

    def _check(self, inputs: Any) -> None:
        if self.input_spec is None or inputs is None:
            return
        where = f"{type(self).__name__} {self.name!r}"
        for x in flatten(inputs):
            if hasattr(x, "shape"):
                self.input_spec.check(tuple(x.shape), where)

    def _build(self, inputs: Any) -> None:
        shape = shape_of(inputs)
        with assigning_now():
            self.build(shape)
        self._build_shape, self.built = shape, True

    @contextmanager
    def named(self) -> Iterator[None]:
        """Inside, the names of weights and of what is recorded begin with the layer's."""
        if _innermost.get() is self:
            yield
            return
        token = _innermost.set(self)
        try:
            with scope(self.name):
                yield
        finally:
            _innermost.reset(token)

    def _remember(self, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> Any:
        """Give outputs an origin, so that a model can be made of what was called on what."""
        call = LayerCall(self, args, kwargs)
        self._calls.append(call)

        def fresh(y: Any) -> Any:
            if not isinstance(y, Tensor):
                return y
            tensor = Tensor(y.spec, f"{self.name}.output")
            tensor.origin, tensor.draft = call, True
            call.outputs.append(tensor)
            return tensor

        self._losses.clear()  # those of the shapes only; a trace for training adds its own
        return map_structure(fresh, outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that `call` gives for inputs of this shape."""
        inputs = map_shapes(lambda s: Tensor(TensorSpec(s, np.dtype(self.dtype_name)), "input"), input_shape)
        with tracing(), recording_updates(), self.named():
            if not self.built:
                self._build(inputs)
            _, kwargs, _ = self._resolve((inputs,), {})
            return shape_of(self.call(inputs, **kwargs))

    # Variables.

    def __setattr__(self, name: str, value: Any) -> None:
        if "_sublayers" in self.__dict__:
            if not name.startswith("_"):
                value = self._watched(value)
            self._track(value)
        object.__setattr__(self, name, value)

    def _watched(self, value: Any) -> Any:
        """Lists and dicts in a form that notices layers put into them later."""
        if type(value) is list:
            return WatchedList(value, self._track)
        return WatchedDict(value, self._track) if type(value) is dict else value

    def _track(self, value: Any) -> None:
        """Remember the variables, layers and generators of random numbers that an attribute holds."""
        if isinstance(value, Variable):
            self._track_variable(value)
        elif isinstance(value, Layer):
            self._track_layer(value)
        elif isinstance(value, tuple):
            for item in value:
                self._track(item)
        elif isinstance(getattr(value, "state", None), Variable):
            self._seed_generators.append(value)

    def _track_variable(self, variable: Variable) -> None:
        own = self._trainable_variables if variable.trainable else self._non_trainable_variables
        if not any(v is variable for v in self._trainable_variables + self._non_trainable_variables):
            own.append(variable)

    def _track_layer(self, layer: Layer) -> None:
        if not any(other is layer for other in self._sublayers):
            self._sublayers.append(layer)

    @property
    def weights(self) -> list[Variable]:
        """The variables of the layer and those inside it: trainable ones of its own first, as Keras orders them."""
        own = self._trainable_variables + self._non_trainable_variables
        return _unique([*own, *(v for layer in self._sublayers for v in layer.weights)])

    @property
    def variables(self) -> list[Variable]:
        """The weights and the states of random generators."""
        states = [g.state for layer in self.all_layers() for g in layer._seed_generators]
        return _unique([*self.weights, *states])

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training may change."""
        if not self._trainable:
            return []
        own = [v for v in self._trainable_variables if v.trainable]
        return _unique([*own, *(v for layer in self._sublayers for v in layer.trainable_weights)])

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """All variables that training leaves alone, the states of random generators among them."""
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.variables if id(v) not in trained]

    @property
    def trainable(self) -> bool:
        """Whether training may change the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for v in self._trainable_variables:
            v.trainable = bool(value)
        for layer in self._sublayers:
            layer.trainable = value

    def all_layers(self) -> Iterator[Layer]:
        """The layer and all inside it."""
        yield self
        for layer in self._sublayers:
            yield from layer.all_layers()

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights, in the order of `get_weights`.

        Raises:
            ShapeError: another number of arrays, or one of another shape.
        """
        variables = self.weights
        arrays = [np.asarray(w) for w in weights]
        wrong = [(v, a) for v, a in zip(variables, arrays, strict=False) if v.shape != a.shape]
        if len(arrays) != len(variables) or wrong:
            raise ShapeError(
                "the arrays do not fit the weights", where=f"{type(self).__name__} {self.name!r}",
                expected=", ".join(f"{v.path} {v.shape}" for v in variables) or "no weights",
                got=", ".join(str(a.shape) for a in arrays) or "no arrays",
                hint="" if self.built else "build the layer first: call it, or give the model an Input",
            )  # fmt: skip
        for v, a in zip(variables, arrays, strict=True):
            v.assign(a)

    def count_params(self) -> int:
        """Number of single weights.

        Raises:
            NotBuiltError: the layer has no weights yet.
        """
        if not self.built and any(type(layer).build is not Layer.build for layer in self.all_layers()):
            raise NotBuiltError(
                "the number of weights is known once the shape of the inputs is", where=self.name,
                hint="call the layer, or `build(input_shape)`",
            )  # fmt: skip
        return sum(v.value.size for v in self.weights)

    @property
    def losses(self) -> list[Any]:
        """Penalties: of weights, and those that calls added."""
        penalties = [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]
        return penalties + [loss for layer in self.all_layers() for loss in layer._losses]

    @property
    def dtype(self) -> str:
        """Name of the dtype of the weights."""
        return self.dtype_name

    compute_dtype = variable_dtype = input_dtype = dtype

    @property
    def dtype_policy(self) -> config.DTypePolicy:
        """The dtype of the weights, in which the layer also computes; assign a dtype's name to change it."""
        return config.DTypePolicy(self.dtype_name)

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        self.dtype_name = _dtype_name(policy)

    @property
    def input(self) -> Any:
        """What the layer was called on while a model was put together."""
        call = self._only_call("input")
        return call.args[0] if len(call.args) == 1 else list(call.args)

    @property
    def output(self) -> Any:
        """What the layer gave while a model was put together."""
        outputs = self._only_call("output").outputs
        return outputs[0] if len(outputs) == 1 else outputs

    def _only_call(self, what: str) -> LayerCall:
        if not self._calls:
            raise NotBuiltError(
                f"the layer has no {what}: it was not called on an Input", where=self.name,
                hint="give the model an Input, or call the layer on one",
            )  # fmt: skip
        return self._calls[0]

    # Config.

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON can hold them."""
        from chainrule.saving.registry import serialize_argument

        base = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": {
                "module": "keras",
                "class_name": "DTypePolicy",
                "config": {"name": self.dtype_name},
                "registered_name": None,
            },
        }
        own = {
            k: serialize_argument(getattr(self, k, v))
            for k, v in self._arguments.items()
            if k not in base and k not in self._config_skips
        }
        if self.activity_regularizer is None:
            own.pop("activity_regularizer", None)
        return {**base, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` described.

        Raises:
            ArgumentError: a key that the constructor does not know.
        """
        from chainrule.saving.registry import deserialize_config

        return cls(**deserialize_config(cls, config))

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape for which the weights were made."""
        return None if self._build_shape is None or self._fits_any_shape else {"input_shape": self._build_shape}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights for the shape that `get_build_config` gave."""
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self.build(_as_shapes(shape))
            self.built = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _any_tensor(*arguments: Any) -> bool:
    """Whether there is a tensor without a value among the arguments of a call."""
    return any(isinstance(x, Tensor) and not isinstance(x, Variable) for x in flatten(arguments))


def _noting(build: Callable[..., None]) -> Callable[..., None]:
    """A layer's `build`, which also notes for what shape, whoever calls it."""

    @wraps(build)
    def noting(self: Layer, input_shape: Any = None, *args: Any, **kwargs: Any) -> None:
        with self.named():
            build(self, input_shape, *args, **kwargs)
        if input_shape is not None:
            self._build_shape, self.built = input_shape, True

    return noting


def _as_shapes(shapes: Any) -> Any:
    return map_shapes(tuple, shapes)


def _unique(variables: Sequence[Variable]) -> list[Variable]:
    return list({id(v): v for v in variables}.values())


def _dtype_name(dtype: Any) -> str:
    """"float32" from None, a name, a NumPy dtype or a Keras policy."""
    if dtype is None:
        return config.floatx()
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name")
    return config.DTypePolicy(str(getattr(dtype, "name", dtype))).name


def _parameters_of(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def _arguments_of(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor by name, defaults filled in; what it passes on by `**kwargs` as given."""
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]  # the very constructor that is running
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        return {}  # the call itself will say what is wrong
    bound.apply_defaults()
    values = dict(list(bound.arguments.items())[1:])
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            values.update(values.pop(name, {}))
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            values.pop(name, None)
    return {k: v for k, v in values.items() if k not in ("name", "trainable", "dtype", "autocast", "input_shape")}
