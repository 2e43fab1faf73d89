"""The card that `train` puts into a model's file: what it takes, what its outputs mean, where it is from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.inputs import Input, input_from_config
from chainrule.errors import DataError, FileFormatError
from chainrule.version import __version__

FORMAT = 1


@dataclass(frozen=True)
class Target:
    """What the outputs mean: the classes in order; or for regression a number, standardised.

    Args:
        name: of what is predicted.
        classes: names of the classes; empty for regression.
        mean: of the target in the training part (regression).
        deviation: its standard deviation.
    """

    name: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def is_class(self) -> bool:
        """Classification, not regression."""
        return bool(self.classes)

    def standardise(self, y: np.ndarray) -> np.ndarray:
        """A regression target as the network learns it."""
        return ((y - self.mean) / self.deviation).astype(np.float32)

    def restore(self, z: np.ndarray) -> np.ndarray:
        """What a network says, in the target's own units, (N,)."""
        return z.reshape(len(z)).astype(np.float64) * self.deviation + self.mean


@dataclass(frozen=True)
class Origin:
    """Which data a model was trained on, so that its test part can be found again.

    Args:
        source: as it was given.
        fingerprint: SHA-256 of the file; empty for a data set by name and for a folder.
        target: as it was given, or None.
        task: as it was given, or None.
        seed: of the split.
    """

    source: str
    fingerprint: str
    target: str | None
    task: str | None
    seed: int


@dataclass(frozen=True)
class Card:
    """All that `evaluate` and `predict` must know besides the network."""

    input: Input
    target: Target
    origin: Origin

    def to_config(self) -> dict[str, Any]:
        """The card in JSON's types."""
        return {
            "format": FORMAT,
            "chainrule": __version__,
            "input": self.input.to_config(),
            "target": {**asdict(self.target), "classes": list(self.target.classes)},
            "origin": asdict(self.origin),
        }

    @classmethod
    def from_config(cls, config: Any) -> Card:
        """The card that `to_config` described.

        Raises:
            FileFormatError: it is damaged, or of a later version.
        """
        if not isinstance(config, Mapping) or not isinstance(config.get("format"), int):
            raise FileFormatError("the model's card is damaged", got=f"{config!r:.200}")
        if config["format"] > FORMAT:
            raise FileFormatError(
                "the model was written by a later chainrule",
                expected=f"format {FORMAT} or earlier",
                got=f"format {config['format']}, chainrule {config.get('chainrule')!s:.40}",
                hint="update chainrule",
            )
        try:
            target, origin = config["target"], config["origin"]
            card = cls(
                input_from_config(config["input"]),
                Target(
                    _text(target["name"]),
                    tuple(_text(name) for name in target["classes"]),
                    float(target["mean"]),
                    float(target["deviation"]),
                ),
                Origin(
                    _text(origin["source"]),
                    _text(origin["fingerprint"]),
                    None if origin["target"] is None else _text(origin["target"]),
                    None if origin["task"] is None else _text(origin["task"]),
                    int(origin["seed"]),
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, FileFormatError):
                raise
            raise FileFormatError("the model's card is damaged", got=repr(error)) from error
        if not (math.isfinite(card.target.mean) and 0 < card.target.deviation < math.inf):
            raise FileFormatError("the model's card is damaged", got="a target without a scale")
        return card


def load(path: Path) -> tuple[Any, Card]:
    """A model and its card.

    Raises:
        FileFormatError: the file is no model, or does not say what it takes.
    """
    from chainrule.saving.models import load_extra, load_model

    check_is_model(path)
    config = load_extra(path)
    if config is None:
        raise FileFormatError(
            "the model does not say what it takes",
            where=str(path),
            expected="a file that `chainrule train` wrote",
            hint="in Python, chainrule.saving.load_model reads it",
        )
    card = Card.from_config(config)
    model = load_model(path)
    outputs = model.output_shape[-1]
    if outputs != (len(card.target.classes) or 1):
        raise FileFormatError(
            "the model's card is for another network",
            where=str(path),
            expected=f"{len(card.target.classes) or 1} outputs",
            got=outputs,
        )
    return model, card


def check_is_model(path: Path) -> None:
    """Refuse at first sight what is no model's file; a missing file is for the loader to say."""
    if path.is_dir():
        raise DataError("a folder is no model", where=str(path), hint=f"give {path / 'model.keras'}")
    if path.exists() and path.suffix != ".keras":
        raise FileFormatError("not a model", where=str(path), expected="a .keras file")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r:.200}")
    return value
