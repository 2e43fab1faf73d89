"""The command line: `chainrule train`, `evaluate`, `predict`, `summary`.

    arguments.py   what can be typed
    sources.py     SOURCE -> a training and a test part, in arrays
    inputs.py      what a model takes: how a person's file becomes its input, saved with the model
    recipes.py     hidden layers, epochs and the like, where none are asked for
    network.py     the recipe -> a model
    card.py        what is saved with the model besides its weights
    train.py, evaluate.py, predict.py, summary.py   one command each

A user's mistake is a message on stderr and exit code 1. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from chainrule.cli.arguments import parse
from chainrule.cli.messages import Mistake, explain

OK, MISTAKE, USAGE, INTERRUPTED = 0, 1, 2, 130  # 130: 128 + the number of SIGINT, as shells say it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words after `chainrule`; those of the process by default.

    Returns:
        The exit code: 0 done, 1 a mistake that the message explains, 130 interrupted. Wrong usage leaves with
        SystemExit 2.
    """
    arguments = parse(sys.argv[1:] if argv is None else list(argv))
    try:
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("chainrule: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # `chainrule predict … | head`: the reader has enough. Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Mistake as error:
        if arguments.debug:
            traceback.print_exc()
        else:
            print(f"chainrule: {explain(error)}", file=sys.stderr)
        return MISTAKE
    return code
