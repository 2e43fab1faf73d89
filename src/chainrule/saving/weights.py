"""Weights in HDF5, laid out as Keras lays them out.

    layers/dense/vars/0             the first weight of the first Dense, "dense_1" is the second, and so on
    layers/sequential/layers/...    a model inside the model
    layers/block/first/vars/0       a layer that another keeps as `self.first`
    optimizer/vars/0                the optimizer's state

Names follow the classes, not the layers' own names, which are attributes of `vars`.  Generators of
random numbers have a place too, which Keras leaves alone: training that goes on draws what it would
have drawn.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import FileFormatError
from chainrule.graph.variable import Variable
from chainrule.layers.base import Layer
from chainrule.models.model import Model
from chainrule.naming import snake_case
from chainrule.optimizers.base import Optimizer
from chainrule.random import SeedGenerator
from chainrule.saving import hdf5

Keeper = Layer | Optimizer | SeedGenerator  # what has variables of its own
Assignments = list[tuple[Variable, np.ndarray]]


def keepers(model: Model) -> Iterator[tuple[str, Keeper]]:
    """All that has variables in a model, each once, with its place in the file."""
    yield from _below("", model, set())


def _below(path: str, keeper: Keeper, seen: set[int]) -> Iterator[tuple[str, Keeper]]:
    if id(keeper) in seen:
        return
    seen.add(id(keeper))
    yield path, keeper
    if not isinstance(keeper, Layer):
        return
    for name, value in sorted(_attributes(keeper).items()):
        place = f"{path}/{name}" if path else name
        if isinstance(value, Keeper):
            yield from _below(place, value, seen)
        else:
            used: Counter[str] = Counter()
            for item in value:
                kind = snake_case(type(item).__name__)
                child = kind if not used[kind] else f"{kind}_{used[kind]}"
                used[kind] += 1
                yield from _below(f"{place}/{child}", item, seen)


def _attributes(layer: Layer) -> dict[str, Any]:
    """Attributes that keep variables: layers, lists and dicts of layers, the optimizer, generators."""
    found: dict[str, Any] = {}
    if isinstance(layer, Model):
        found["layers"] = layer.layers
    for name, value in vars(layer).items():
        repeats = name in ("_arguments", "_sublayers", "_seed_generators")  # what has a name of its own as well
        if repeats or (isinstance(layer, Model) and name.startswith("_")):
            continue
        if isinstance(value, Keeper):
            found[name] = value
        elif isinstance(value, (list, tuple, dict)):
            items = [x for x in (value.values() if isinstance(value, dict) else value) if isinstance(x, Keeper)]
            if items:
                found[name] = items
    return found


def own_variables(keeper: Keeper) -> list[Variable]:
    """The variables that are kept at a place in the file, in order."""
    if isinstance(keeper, Optimizer):
        return keeper.variables
    if isinstance(keeper, SeedGenerator):
        return [keeper.state]
    return keeper._trainable_variables + keeper._non_trainable_variables


def write(file: Any, model: Model, include_optimizer: bool = True) -> None:
    """Write all variables of a model into an open HDF5 file."""
    for path, keeper in keepers(model):
        if isinstance(keeper, Optimizer) and not (include_optimizer and keeper.built):
            continue
        variables = own_variables(keeper)
        group = file.create_group(f"{path}/vars" if path else "vars")
        group.attrs["name"] = getattr(keeper, "name", "seed_generator")
        for number, variable in enumerate(variables):
            group.create_dataset(str(number), data=variable.value)


def read(root: hdf5.Group, model: Model, *, optimizer: str, skip_mismatch: bool, check_finite: bool) -> None:
    """Take all variables of a model from a file; nothing is changed unless everything fits.

    Args:
        root: the file.
        model: the model.
        optimizer: "required" where the file is this model's, "optional" where its state is taken if it fits.
        skip_mismatch: leave layers alone that do not fit, with a warning.
        check_finite: refuse NaN and infinities.

    Raises:
        FileFormatError: weights of another model, or numbers that no weights have.
    """
    taken: Assignments = []
    places: set[str] = set()
    for path, keeper in keepers(model):
        places.add(path)
        try:
            taken += _read_one(root, path, keeper, check_finite)
        except FileFormatError as error:
            lenient = skip_mismatch or (isinstance(keeper, Optimizer) and optimizer == "optional")
            if not lenient:
                raise
            warnings.warn(f"left as they were: the variables of {keeper.name!r}\n{error}", stacklevel=4)
    strangers = [name for name in _layer_places(root) if name not in places]
    if strangers and not skip_mismatch:
        raise FileFormatError(
            "the file has layers that the model has not", where=root.where, got=", ".join(strangers)[:200],
            hint="build the model as the file's was, or load_weights(…, skip_mismatch=True)",
        )  # fmt: skip
    for variable, array in taken:
        variable.assign(array)


def _read_one(root: hdf5.Group, path: str, keeper: Keeper, check_finite: bool) -> Assignments:
    variables = own_variables(keeper)
    group = root.find(f"{path}/vars" if path else "vars")
    if group is None and (not variables or not isinstance(keeper, Layer)):
        return []  # Keras writes no generators, and an optimizer only where there is one
    if group is None or len(group.names()) != len(variables):
        unbuilt = isinstance(keeper, Layer) and not variables
        raise FileFormatError(
            "the file's weights are not this layer's", where=f"{root.where}: {path} ({keeper.name})",
            expected=f"{len(variables)} arrays",
            got="none" if group is None else f"{len(group.names())} arrays",
            hint="build the model first: model.build(input_shape)" if unbuilt else "",
        )  # fmt: skip
    return [(v, array_for(group, str(k), v, check_finite)) for k, v in enumerate(variables)]


def array_for(group: hdf5.Group, name: str, variable: Variable, check_finite: bool) -> np.ndarray:
    """The array of a file that a variable is to hold.

    Raises:
        FileFormatError: it does not fit, or is not finite.
    """
    array = group.array(name, variable.value.shape, variable.value.dtype)
    if check_finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        raise FileFormatError(
            "a weight is NaN or infinite", where=f"{group.where} ({variable.path})",
            got=f"{np.count_nonzero(~np.isfinite(array))} of {array.size} numbers",
            hint="the training that wrote the file had failed; check_finite=False loads it all the same",
        )  # fmt: skip
    return array


def _layer_places(root: hdf5.Group) -> list[str]:
    """The places of layers that have arrays, in the file's first level."""
    layers = root.find("layers")
    if layers is None:
        return []
    found = []
    for name in layers.names():
        variables = layers.group(name).find("vars")
        if variables is not None and variables.names():
            found.append(f"layers/{name}")
    return found


def expected_bytes(model: Model) -> int:
    """Bytes of all weights of a model."""
    return sum(v.value.nbytes for v in model.weights)
