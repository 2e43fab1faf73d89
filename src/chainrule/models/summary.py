"""The table of a model's layers."""

from __future__ import annotations

import io
import re
from typing import Any

from chainrule.errors import NotBuiltError, UnknownNameError
from chainrule.layers.base import Layer


def summary(
    model: Any, line_length: int | None, expand_nested: bool, show_trainable: bool, layer_range: Any
) -> str:
    """The layers of a model with output shapes and numbers of weights, as text."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    width = line_length or (100 if show_trainable or _is_branched(model) else 80)
    table = Table(width=width, show_lines=True)
    table.add_column("Layer (type)", overflow="fold", ratio=40)
    table.add_column("Output Shape", overflow="fold", ratio=30)
    table.add_column("Param #", justify="right", ratio=18)
    branched = _is_branched(model)
    if branched:
        table.add_column("Connected to", overflow="fold", ratio=30)
    if show_trainable:
        table.add_column("Trainable", justify="center", ratio=12)
    for layer, depth in _rows(model, expand_nested, layer_range):
        name = f"{'  ' * depth}{layer.name} ({type(layer).__name__})"
        cells = [escape(name), _shape(layer), _count(layer)]
        if branched:
            cells.append(escape(_sources(layer)))
        if show_trainable:
            cells.append("Y" if layer.trainable_weights else "N" if layer.weights else "-")
        table.add_row(*cells)
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False, color_system=None, legacy_windows=False)
    console.print(f'Model: "{escape(model.name)}"', highlight=False)
    console.print(table)
    trainable, fixed = model.trainable_weights, model.non_trainable_weights
    optimizer = getattr(model, "optimizer", None)
    slots = optimizer.variables if optimizer is not None and optimizer.built else []
    for title, variables in (
        ("Total", [*trainable, *fixed, *slots]),  # the optimizer's too, as Keras counts
        ("Trainable", trainable),
        ("Non-trainable", fixed),
        ("Optimizer", slots),
    ):
        if variables or title != "Optimizer":
            console.print(f" {title} params: {_amount(variables)}", highlight=False)
    return out.getvalue()


def _is_branched(model: Any) -> bool:
    """Whether some layer takes several tensors, or is called more than once."""
    operations = getattr(model, "operations", ())
    return any(len(o.inputs) > 1 for o in operations) or len(getattr(model, "inputs", None) or ()) > 1


def _rows(model: Any, expand_nested: bool, layer_range: Any, depth: int = 0) -> list[tuple[Layer, int]]:
    layers = list(model.layers)
    if layer_range is not None and depth == 0:
        names = [layer.name for layer in layers]
        ends = []
        for pattern in layer_range:
            found = [k for k, name in enumerate(names) if re.fullmatch(pattern, name)]
            if not found:
                raise UnknownNameError.of("layer", pattern, names, where="summary")
            ends.append(found)
        layers = layers[ends[0][0] : ends[1][-1] + 1]
    rows: list[tuple[Layer, int]] = []
    for layer in layers:
        rows.append((layer, depth))
        if expand_nested and hasattr(layer, "layers"):
            rows += _rows(layer, True, None, depth + 1)
    return rows


def _shape(layer: Layer) -> str:
    shapes = [y.shape for call in layer._calls[:1] for y in call.outputs] or getattr(layer, "_output_shapes", [])
    if not shapes:
        return "?"
    return ", ".join(str(s) for s in shapes) if len(shapes) > 1 else str(shapes[0])


def _count(layer: Layer) -> str:
    try:
        return f"{layer.count_params():,}"
    except NotBuiltError:
        return "0 (unbuilt)"


def _sources(layer: Layer) -> str:
    sources = [x for call in layer._calls[:1] for x in call.inputs]
    names = []
    for x in sources:
        name = x.origin.layer.name if x.origin is not None else x.name
        names.append(f"{name}[0][{x.origin.outputs.index(x) if x.origin is not None else 0}]")
    return ", ".join(names) or "-"


def _amount(variables: list[Any]) -> str:
    """`669,706 (2.55 MB)`"""
    parameters = sum(v.value.size for v in variables)
    size, unit = float(sum(v.value.nbytes for v in variables)), "B"
    for larger in ("KB", "MB", "GB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{parameters:,} ({size:.2f} {unit})"
