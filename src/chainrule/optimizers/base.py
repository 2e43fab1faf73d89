"""What all optimizers share.

An optimizer is a formula on flat vectors (the weights, their gradient, and one vector
for each slot), the slots' names, and the numbers that the formula takes at a step.
Everything else is here, once:

    step    undo the loss scale -> accumulate -> clip -> decay and formula -> average -> constrain

The order is Keras's.  After the first step nothing is allocated.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, FileFormatError, NotBuiltError, ShapeError, UnknownNameError
from chainrule.graph.tensor import scope
from chainrule.graph.variable import Variable
from chainrule.naming import snake_case, unique_name
from chainrule.optimizers.schedules import SCHEDULES, LearningRateSchedule
from chainrule.saving.registry import Configurable, Namespace, argument_names

if TYPE_CHECKING:
    from chainrule.plan.parameters import Parameters, Slice

Arrays = tuple[np.ndarray, ...]
Numbers = dict[str, float]
LearningRate = float | LearningRateSchedule | Callable[[], Any]

PIECE = 1 << 14  # numbers in one partial sum of squares


class Optimizer(Configurable):
    """Base class of the optimizers, and the arguments that all of them take.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        weight_decay: at each step weights shrink by this times the learning rate.
        clipnorm: scale each variable's gradient down to this length at most.
        clipvalue: bring each element of the gradient into [-clipvalue, clipvalue].
        global_clipnorm: scale the whole gradient down to this length at most.
        use_ema: keep a running mean of the weights, which replaces them when training ends.
        ema_momentum: how much of that mean stays at each step, from 0 to 1.
        ema_overwrite_frequency: steps after which the mean replaces the weights already in training.
        loss_scale_factor: what `scale_loss` multiplies the loss by; the gradient is divided by it.
        gradient_accumulation_steps: how many steps' gradients are averaged for one update; 2 or more.
        name: its name; the default is the class's, numbered from the second one on.
        **kwargs: none; `decay`, which Keras 2 had, is left out with a warning.

    Raises:
        ArgumentError: two ways of clipping at once, or a number out of its range.
        UnknownNameError: an argument that does not exist; it tells the nearest.

    To write one, set `formula` in the constructor and define `slots` and `numbers`.
    """

    formula: Callable[..., Arrays]

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("decay", None) is not None:
            hint = "learning_rate=schedules.InverseTimeDecay(0.01, 1000, 0.5), for one"
            warnings.warn(f"{type(self).__name__}: `decay` is left out\n  hint      {hint}", stacklevel=3)
        if kwargs:
            raise UnknownNameError.of(
                "argument", next(iter(kwargs)), argument_names(type(self)), where=type(self).__name__
            )
        if sum(value is not None for value in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ArgumentError(
                "two ways of clipping at once", where=type(self).__name__,
                expected="one of clipnorm, clipvalue and global_clipnorm",
                got=f"{clipnorm=}, {clipvalue=}, {global_clipnorm=}",
            )  # fmt: skip
        if gradient_accumulation_steps and gradient_accumulation_steps < 2:
            raise ArgumentError(
                "gradients are accumulated over several steps", where=type(self).__name__,
                expected="gradient_accumulation_steps: 2 or more, or None", got=gradient_accumulation_steps,
            )  # fmt: skip
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = self.in_unit_interval("ema_momentum", ema_momentum)
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        with scope(self.name):
            self._iteration = Variable(0, dtype="int64", trainable=False, name="iteration")
        self._rate = self._as_rate(learning_rate)
        self._excluded: list[Variable] = []
        self._excluded_names: list[str] = []
        self._trained: tuple[Variable, ...] = ()
        self._slots: dict[str, np.ndarray] = {}
        self._slot_variables: list[Variable] = []
        self._parameters: Parameters | None = None
        self._borrowed = False  # whether theta is a copy, because no trainer gave its own

    # What each optimizer states.

    def slots(self) -> tuple[dict[str, float], ...]:
        """Names of the formula's slots, in its order, and what they begin at.

        Keras's files list the slots group by group, and within a group variable by variable.
        """
        return ()

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        """The formula's numbers at update `t` = 1, 2, ...; called once for each update."""
        raise NotImplementedError

    # State.

    @property
    def iterations(self) -> Any:
        """How many updates there were."""
        if self.gradient_accumulation_steps:
            return self._iteration.value // self.gradient_accumulation_steps
        return self._iteration

    @property
    def learning_rate(self) -> Any:
        """The current learning rate; assign a number or a schedule to change it.

        Raises:
            ArgumentError: a number is assigned where a schedule decides.
        """
        return self._rate if isinstance(self._rate, Variable) else self._current_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule) or callable(value):
            self._rate = value
        elif isinstance(self._rate, Variable):
            self._rate.assign(value)
        else:
            raise ArgumentError(
                "its learning rate follows a schedule and cannot be set", where=self.name, got=value,
                hint="make the optimizer with a number as learning_rate",
            )  # fmt: skip

    @property
    def variables(self) -> list[Variable]:
        """The state that files hold, in Keras's order: iteration, learning rate, slots."""
        rate = [self._rate] if isinstance(self._rate, Variable) else []
        return [self._iteration, *rate, *self._slot_variables]

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the slots for these variables; a second call must be for the same ones.

        Raises:
            ArgumentError: the optimizer was built for other variables.
        """
        if self.built:
            if [v.path for v in variables] != [v.path for v in self._trained] or [
                v.shape for v in variables
            ] != [v.shape for v in self._trained]:
                raise ArgumentError(
                    "it was built for other variables", where=self.name,
                    expected=", ".join(v.path for v in self._trained),
                    got=", ".join(v.path for v in variables), hint="make a new optimizer",
                )  # fmt: skip
            return
        from chainrule.plan.memory import aligned_zeros
        from chainrule.plan.parameters import Parameters

        layout = Parameters(variables, move=False)
        groups: list[dict[str, float]] = [{"average": 0.0}] if self.use_ema else []
        groups += [{"gradient_accumulator": 0.0}] if self.gradient_accumulation_steps else []
        for group in (*groups, *self.slots()):
            flats = {slot: aligned_zeros(layout.size, layout.dtype) for slot in group}
            for slot, value in group.items():
                flats[slot].fill(value)
            pieces = zip(layout.variables, *(layout.views(flat) for flat in flats.values()), strict=True)
            for variable, *views in pieces:
                for slot, view in zip(flats, views, strict=True):
                    with scope(self.name):
                        name = f"{variable.path.replace('/', '_')}_{slot}"
                        state = Variable(view, dtype=layout.dtype.name, trainable=False, name=name)
                    state.move_to(view)
                    self._slot_variables.append(state)
            self._slots |= flats
        self._trained = tuple(variables)
        self.built = True

    def bind(self, parameters: Parameters) -> None:
        """From now on, `step` changes `parameters.theta` by what is in `parameters.gradient`."""
        self.build(parameters.variables)
        self._parameters, self._borrowed = parameters, False
        self._prepare(parameters)

    # Steps.

    def step(self) -> None:
        """Change the weights by the gradient, which is used up.

        Raises:
            NotBuiltError: no parameters are bound.
        """
        p = self._parameters
        if p is None:
            raise NotBuiltError(
                "it has no weights to change", where=self.name, hint="bind parameters, or use apply"
            )
        steps = int(self._iteration.value) + 1
        every = self.gradient_accumulation_steps or 1
        if self.loss_scale_factor:
            np.divide(p.gradient, self.loss_scale_factor, out=p.gradient)
        if every > 1:
            accumulated = self._slots["gradient_accumulator"]
            np.add(accumulated, p.gradient, out=accumulated)
        if steps % every == 0:
            if every > 1:
                np.divide(accumulated, every, out=p.gradient)
                accumulated.fill(0)
            self._clip(p)
            self._update(steps // every)
        if self.use_ema:
            self._average_weights(p, (steps - 1) // every)
        for constraint, view in self._constrained:
            np.copyto(view, constraint(view))
        self._iteration.value[...] = steps

    def apply(self, grads: Iterable[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """One step with these gradients.

        Args:
            grads: one for each variable; None leaves a variable and its slots as they are.
            trainable_variables: the variables; the default is those of the first call.

        Raises:
            ArgumentError: no gradient at all, or a variable that the optimizer was not built for.
        """
        grads = list(grads)
        variables = self._trained if trainable_variables is None else tuple(trainable_variables)
        if len(grads) != len(variables):
            raise ArgumentError(
                "each variable needs its gradient", where=self.name,
                expected=f"{len(variables)} gradients", got=len(grads),
            )  # fmt: skip
        if not self.built:
            self.build(variables)
        if self._parameters is None:
            from chainrule.plan.parameters import Parameters

            self._parameters, self._borrowed = Parameters(self._trained, move=False), True
            self._prepare(self._parameters)
        given = {v: np.asarray(g) for v, g in zip(variables, grads, strict=True) if g is not None}
        self._check_gradients(variables, given)
        p = self._parameters
        if self._borrowed:
            p.pull()
        for variable, view in zip(p.variables, self._gradients, strict=True):
            np.copyto(view, given.get(variable, 0.0), casting="unsafe")
        kept = [
            (view, view.copy())
            for flat in (p.theta, *self._slots.values())
            for variable, view in zip(p.variables, p.views(flat), strict=True)
            if variable not in given
        ]
        self.step()
        for view, value in kept:
            np.copyto(view, value)
        if self._borrowed:
            p.push()

    def _check_gradients(self, variables: Sequence[Variable], given: dict[Variable, np.ndarray]) -> None:
        strangers = [v.path for v in given if v not in self._trained]
        known = ", ".join(v.path for v in self._trained)
        if strangers:
            raise ArgumentError(
                "a variable that the optimizer was not built for", where=self.name, expected=known,
                got=", ".join(strangers), hint="make a new optimizer",
            )  # fmt: skip
        if not given:
            raise ArgumentError("no variable has a gradient", where=self.name, expected=known)
        for variable, gradient in given.items():
            if gradient.shape != variable.shape:
                raise ShapeError(
                    "the gradient does not fit",
                    where=variable.path,
                    expected=variable.shape,
                    got=gradient.shape,
                )
        absent = [v.path for v in variables if v not in given]
        if absent:
            warnings.warn(f"{self.name}: no gradient for {', '.join(absent)}", stacklevel=3)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Any:
        """One step with pairs of a gradient and its variable; returns the number of updates."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, of which to take the gradient."""
        return loss * self.loss_scale_factor if self.loss_scale_factor else loss

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Put the running means in the weights' place, where `use_ema`: the end of training."""
        if not (self.use_ema and self.built):
            return
        wanted = set(var_list)
        averages = [v for v in self._slot_variables if v.name.endswith("_average")]
        for variable, average in zip(self._trained, averages, strict=False):
            if variable in wanted:
                variable.assign(average.value)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Variables that do not decay.

        Args:
            var_list: the variables.
            var_names: regular expressions; a variable in whose name one is found does not decay.
        """
        self._excluded += var_list or ()
        self._excluded_names += var_names or ()
        if self._parameters is not None:
            self._prepare(self._parameters)

    # Files and configs.

    def save_own_variables(self, store: dict[str, np.ndarray]) -> None:
        """Put the state into `store` under "0", "1", ..., as Keras's files have it."""
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the state from `store`.

        Raises:
            FileFormatError: the state of another optimizer or other variables.
        """
        variables = self.variables
        if len(store) != len(variables):
            raise FileFormatError(
                "the file's optimizer state is not this optimizer's", where=self.name,
                expected=f"{len(variables)} arrays", got=len(store),
                hint="load with compile=False to train on from a fresh state",
            )  # fmt: skip
        self.set_weights([store[str(number)] for number in range(len(variables))])

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state, in the order of `variables`.

        Raises:
            ShapeError: an array that does not fit.
        """
        if len(weights) != len(self.variables):
            raise ArgumentError(
                "one array for each variable", where=self.name, expected=len(self.variables), got=len(weights)
            )
        values = [np.asarray(weight) for weight in weights]
        for variable, value in zip(self.variables, values, strict=True):
            if variable.shape != value.shape:
                raise ShapeError(
                    "it does not fit", where=variable.path, expected=variable.shape, got=value.shape
                )
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)

    def argument(self, name: str) -> Any:
        """The constructor's argument `name`."""
        if name == "learning_rate":
            return float(self._rate) if isinstance(self._rate, Variable) else self._rate
        return super().argument(name)

    # Checks of arguments.

    def in_unit_interval(self, name: str, value: float) -> float:
        """`value`, which must be from 0 to 1."""
        if not 0 <= value <= 1:
            raise ArgumentError(f"{name} is a share", where=type(self).__name__, expected="0 to 1", got=value)
        return value

    def below_one(self, name: str, value: float) -> float:
        """`value`, the share of a mean that stays, which must be from 0 to less than 1."""
        if not 0 <= value < 1:
            raise ArgumentError(
                f"{name} is the share of a mean that stays", where=type(self).__name__, expected="0 to less than 1",
                got=value,
            )  # fmt: skip
        return value

    def not_negative(self, name: str, value: float) -> float:
        """`value`, which must not be below 0."""
        if not value >= 0:
            raise ArgumentError(
                f"{name} is below 0", where=type(self).__name__, expected="0 or more", got=value
            )
        return value

    # The parts of a step.

    def _as_rate(self, value: LearningRate) -> Any:
        if isinstance(value, dict):
            value = SCHEDULES.deserialize(value)
        if callable(value):
            return value
        if not isinstance(value, (int, float, np.number, np.ndarray, Variable)):
            raise ArgumentError(
                "not a learning rate", where=type(self).__name__,
                expected="a number, a schedule or a function without arguments", got=repr(value),
            )  # fmt: skip
        if not float(value) >= 0:
            raise ArgumentError(
                "a step down the slope has a positive size", where=type(self).__name__,
                expected="learning_rate: 0 or more", got=float(value),
                hint="to make something large, give its negative as the loss",
            )  # fmt: skip
        with scope(self.name):
            return Variable(float(value), dtype=floatx(), trainable=False, name="learning_rate")

    def _current_rate(self) -> float:
        if isinstance(self._rate, LearningRateSchedule):
            return float(self._rate(int(self._iteration)))
        return float(self._rate if isinstance(self._rate, Variable) else self._rate())

    def _prepare(self, p: Parameters) -> None:
        """Bind the kernels to the vectors: one call for each run of variables that decay alike."""
        slots = [self._slots[name] for group in self.slots() for name in group]
        decays = [bool(self.weight_decay) and not self._is_excluded(v) for v in p.variables]
        self._updates = [
            (decay, self._bound_to([piece for piece, _ in run], p, slots, decay))
            for decay, run in groupby(zip(p.slices, decays, strict=True), key=itemgetter(1))
        ]
        self._constrained = [
            (v.constraint, view)
            for v, view in zip(p.variables, p.views(p.theta), strict=True) if v.constraint is not None
        ]  # fmt: skip
        self._gradients = p.views(p.gradient)
        if self.use_ema:
            places = [(s.start, s.shape) for s in p.slices]
            self._average = _bound(moving_average, self._slots["average"], p.theta, (), False, places)
        if (self.clipnorm or 0) > 0 or (self.global_clipnorm or 0) > 0:
            self._norms = _Norms(p)

    def _bound_to(self, run: list[Slice], p: Parameters, slots: list[np.ndarray], decays: bool) -> Any:
        """The update of a run of neighbouring weights."""
        a, b = run[0].start, run[-1].stop
        places = [(s.start - a, s.shape) for s in run]
        return _bound(self.formula, p.theta[a:b], p.gradient[a:b], tuple(s[a:b] for s in slots), decays, places)

    def _is_excluded(self, variable: Variable) -> bool:
        return any(variable is v for v in self._excluded) or any(
            re.search(name, variable.name) for name in self._excluded_names
        )

    def _clip(self, p: Parameters) -> None:
        if self.clipvalue is not None:
            np.clip(p.gradient, -self.clipvalue, self.clipvalue, out=p.gradient)
        elif self.clipnorm is not None and self.clipnorm > 0:
            for view, norm in zip(self._gradients, self._norms.each(), strict=True):
                if not norm <= self.clipnorm:
                    np.multiply(view, _shrinking(self.clipnorm, norm), out=view)
        elif self.global_clipnorm is not None and self.global_clipnorm > 0:
            norm = self._norms.whole()
            if not norm <= self.global_clipnorm:
                np.multiply(p.gradient, _shrinking(self.global_clipnorm, norm), out=p.gradient)

    def _update(self, t: int) -> None:
        rate = self._current_rate()
        numbers = self.numbers(rate, t)
        decay = rate * (self.weight_decay or 0.0)
        for decays, update in self._updates:
            update(numbers, decay if decays else 0.0)

    def _average_weights(self, p: Parameters, updates: int) -> None:
        keep = self.ema_momentum if updates else 0.0  # the mean of one value is that value
        self._average({"keep": keep, "rate": 1 - keep}, 0.0)
        if self.ema_overwrite_frequency and (updates + 1) % self.ema_overwrite_frequency == 0:
            np.copyto(p.theta, self._slots["average"])


def moving_average(average: np.ndarray, value: np.ndarray, *, keep: float, rate: float) -> Arrays:
    """average <- keep average + rate value,    rate = 1 - keep."""
    return (keep * average + rate * value,)


def _shrinking(limit: float, norm: float) -> float:
    """What a vector of length `norm` is multiplied by to have the length `limit`; NaN where it has none."""
    return limit / norm if np.isfinite(norm) else np.nan


def _bound(
    formula: Callable[..., Arrays], theta: np.ndarray, gradient: np.ndarray, slots: Arrays, decays: bool,
    places: Sequence[tuple[int, tuple[int, ...]]],
) -> Callable[[Numbers, float], None]:  # fmt: skip
    """A function of the numbers and the decay that runs the formula, in place."""
    names = [p.name for p in inspect.signature(formula).parameters.values() if p.kind is p.KEYWORD_ONLY]
    try:
        from chainrule.kernels.optimizers import update
    except ImportError:  # without a compiler the formula itself runs

        def by_formula(numbers: Numbers, decay: float) -> None:
            weights = theta - theta * decay if decays else theta
            results = formula(weights, gradient, *slots, **{name: numbers[name] for name in names})
            for array, result in zip((theta, *slots), results, strict=True):
                np.copyto(array, result)

        return by_formula
    loop = update(formula, theta, gradient, slots, len(names), decays, places)
    if decays:
        return lambda numbers, decay: loop(decay, *[numbers[name] for name in names])
    return lambda numbers, decay: loop(*[numbers[name] for name in names])


class _Norms:
    """Lengths of the variables' gradients, from sums of squares in float64 over pieces of fixed size."""

    def __init__(self, p: Parameters) -> None:
        cuts = [(a, min(a + PIECE, s.stop)) for s in p.slices for a in range(s.start, s.stop, PIECE)]
        starts, stops = (np.array([cut[k] for cut in cuts], np.int64) for k in (0, 1))
        ends = np.cumsum([-(-(s.stop - s.start) // PIECE) for s in p.slices]).tolist()
        self._ranges = list(zip([0, *ends], ends, strict=False))
        self._sums = np.zeros(len(cuts))
        try:
            from chainrule.kernels.optimizers import square_sums

            self._measure = square_sums(self._sums, p.gradient, starts, stops).run
        except ImportError:

            def by_formula() -> None:
                for k, (a, b) in enumerate(cuts):
                    self._sums[k] = np.square(p.gradient[a:b], dtype=np.float64).sum()

            self._measure = by_formula

    def each(self) -> list[float]:
        """The length of each variable's gradient."""
        self._measure()
        return [float(np.sqrt(self._sums[a:b].sum())) for a, b in self._ranges]

    def whole(self) -> float:
        """The length of the whole gradient."""
        self._measure()
        return float(np.sqrt(self._sums.sum()))


OPTIMIZERS: Namespace[Optimizer] = Namespace("optimizer", "keras.optimizers")
