"""The convolutional part of a network, drawn: stacks of feature maps, and the windows that slide over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.report.markup import escape

SHOWN = 8  # maps of a stack
LARGEST, SMALLEST = 92, 10  # sides of a map in the drawing
SHIFT = 4  # from one map of a stack to the next, down and to the right
GAP = 132  # from one stack to the next


@dataclass(frozen=True)
class Volume:
    """The outputs of one stage.

    Args:
        height: of each map.
        width: of each map.
        channels: number of maps.
        name: what made them.
        window: height and width of the window that it looks through; nothing for the input.
    """

    height: int
    width: int
    channels: int
    name: str
    window: tuple[int, int] | None = None


def volumes(model: Any) -> list[Volume]:
    """The input and each convolution and pooling of images; nothing for a network without."""
    from chainrule.layers import Dense

    found: list[Volume] = []
    for layer in model.layers:
        if isinstance(layer, Dense):
            break
        window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
        if window is None or len(layer.output.shape) != 4:
            continue
        if not found:
            found.append(_volume(layer.input.shape, "inputs"))
        found.append(_volume(layer.output.shape, _name(layer, window), tuple(window)))
    return found


def draw(found: list[Volume], middle: float, baseline: float) -> str:
    """The stacks from left to right, their words below the baseline."""
    scale = LARGEST / max(max(volume.height, volume.width) for volume in found)
    parts = []
    for number, volume in enumerate(found):
        x = SHIFT + number * GAP
        height, width = (max(SMALLEST, side * scale) for side in (volume.height, volume.width))
        count = min(volume.channels, SHOWN)
        top = middle - (height + (count - 1) * SHIFT) / 2
        kind = "map input" if number == 0 else "map"
        parts += [
            f'<rect class="{kind}" x="{x + k * SHIFT}" y="{top + k * SHIFT:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}"/>'
            for k in range(count)
        ]
        if number + 1 < len(found):
            front = (x + (count - 1) * SHIFT, top + (count - 1) * SHIFT)
            parts.append(_window(front, (height, width), volume, found[number + 1], x + GAP, middle))
        parts.append(
            f'<text class="count" x="{x}" y="{baseline}">{volume.height}×{volume.width}×{volume.channels}</text>'
            f'<text x="{x}" y="{baseline + 18}">{escape(volume.name)}</text>'
        )
    return "".join(parts)


def width(found: list[Volume]) -> int:
    """What the stacks take up, from left to right."""
    return GAP * len(found)


def _window(
    corner: tuple[float, float], size: tuple[float, float], volume: Volume, after: Volume, x: float, middle: float
) -> str:
    """A window on the front map, and two lines from it to the one number that is made of it."""
    assert after.window is not None  # all but the input have one
    height = min(1.0, after.window[0] / volume.height) * size[0]
    width = min(1.0, after.window[1] / volume.width) * size[1]
    left, top = corner[0] + 0.55 * (size[1] - width), corner[1] + 0.35 * (size[0] - height)
    lines = "".join(
        f'<line class="ray" x1="{left + width:.1f}" y1="{y:.1f}" x2="{x}" y2="{middle}"/>' for y in (top, top + height)
    )
    return (
        f'<rect class="window" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"/>{lines}'
    )


def _volume(shape: tuple[int | None, ...], name: str, window: tuple[int, int] | None = None) -> Volume:
    _, height, width, channels = (size or 1 for size in shape)
    return Volume(height, width, channels, name, window)


def _name(layer: Any, window: tuple[int, int]) -> str:
    size = "×".join(map(str, window))
    if hasattr(layer, "pool_size"):
        return f"{'max' if 'Max' in type(layer).__name__ else 'mean'} {size}"
    activation = layer.activation.__name__
    return f"{size}" if activation == "linear" else f"{size}, {activation}"
