"""`chainrule summary`: a model's layers, and what it takes and gives."""

from __future__ import annotations

import argparse
from pathlib import Path

from chainrule.cli.card import Card, Target, check_is_model
from chainrule.cli.messages import printable


def run(arguments: argparse.Namespace) -> int:
    """Print the table of the layers, and the card if there is one."""
    from chainrule.saving.models import load_extra, load_model

    path = Path(arguments.model)
    check_is_model(path)
    config = load_extra(path)
    model = load_model(path)
    model.summary()
    if config is not None:
        described = Card.from_config(config)
        print(f"takes    {', '.join(described.input.suffixes)}")
        print(f"gives    {printable(gives(described.target))}")
        print(f"trained  on {printable(described.origin.source)}, seed {described.origin.seed}")
    return 0


def gives(target: Target) -> str:
    """What the outputs mean, in words."""
    if target.is_class:
        return f"{target.name}: one of {', '.join(target.classes)}"
    return f"{target.name}: a number, in training {target.mean:g} ± {target.deviation:g}"
