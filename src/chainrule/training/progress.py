"""Progress: how far it is, how fast, and how good, for a person who watches.

On a terminal a live bar, redrawn at most ten times a second; elsewhere one plain line when an epoch is
done.  A batch costs one look at the clock.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO

import numpy as np

from chainrule.naming import counted

INTERVAL = 0.1  # seconds between two drawings
WIDTH, LEAST = 24, 6  # of the bar


class Progress:
    """What is shown of one epoch, evaluation or prediction after the other.

    Args:
        verbose: 0 for silence, 1 or "auto" for a bar where there is a terminal, 2 for plain lines.
        stream: where to; the standard output by default.

    Example:
        >>> progress = Progress(verbose=0)
        >>> progress.begin("Epoch 1/2", steps=10, samples=320)
        >>> progress.tick(1, lambda: {"loss": 0.5})
        >>> progress.end({"loss": 0.25})
    """

    def __init__(self, verbose: int | str = "auto", stream: TextIO | None = None) -> None:
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.stream = stream
        self._bar: _Bar | None = None
        self._due = math.inf
        self._title = ""
        self._steps: int | None = None
        self._samples: int | None = None
        self._done, self._began = 0, 0.0

    def begin(self, title: str, steps: int | None = None, samples: int | None = None) -> None:
        """Begin something that takes so many batches.

        Args:
            title: what it is.
            steps: batches, if known.
            samples: samples in all of them, if known.
        """
        self.close()
        self._title, self._steps, self._samples = title, steps, samples
        self._done, self._began = 0, time.perf_counter()
        if self.verbose == 1 and is_terminal(self.stream or sys.stdout):
            self._bar = _Bar(self.stream or sys.stdout)
            self._due = self._began + INTERVAL

    def tick(self, done: int, logs: Callable[[], Mapping[str, Any] | None] = dict) -> None:
        """So many batches are done.

        Args:
            done: how many.
            logs: makes the loss and the metrics; called only when it is time to draw.
        """
        self._done = done
        now = time.perf_counter()
        if now < self._due or self._bar is None:
            return
        self._due = now + INTERVAL
        self._bar.draw(self._title, done, self._steps, self._pace(now), logs())

    def end(self, logs: Mapping[str, Any] | None = None) -> None:
        """It is done; show the final numbers."""
        if self.verbose == 0:
            return
        seconds = time.perf_counter() - self._began
        done = self._steps or self._done
        pace = [duration(seconds), *self._rate(done, seconds)]
        if self._bar is not None:
            self._bar.draw(self._title, done, done, pace, logs)
            self.close()
            return
        batches = [counted(done, "batch", "batches")] if done else []
        write(self.stream or sys.stdout, "  ".join([self._title, *batches, *pace, *values_in(logs)]) + "\n")

    def close(self) -> None:
        """Leave the bar as it stands, where one is open."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._due = None, math.inf

    def _pace(self, now: float) -> list[str]:
        """Time left, or time gone where the number of batches is not known; and the rate."""
        gone = now - self._began
        left = [f"{duration(gone)} gone"]
        if self._steps and self._done:
            left = [f"{duration(gone / self._done * max(self._steps - self._done, 0))} left"]
        return left + self._rate(self._done, gone)

    def _rate(self, done: int, seconds: float) -> list[str]:
        if not done or seconds <= 0:
            return []
        if self._samples and self._steps:
            return [f"{compact(self._samples * done / self._steps / seconds)} samples/s"]
        return [f"{compact(done / seconds)} batches/s"]


def is_terminal(stream: Any) -> bool:
    """Whether a person may be looking, at something that can redraw a line."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):  # none, or closed
        return False


def write(stream: Any, text: str) -> None:
    """Write what the stream can show of the text; a stream that is closed is no reason to end training."""
    with suppress(AttributeError, ValueError, OSError):
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()


def values_in(logs: Mapping[str, Any] | None) -> list[str]:
    """The loss first, then the metrics, as a person reads them.

    Example:
        >>> values_in({"accuracy": 0.98, "loss": 0.0625})
        ['loss 0.0625', 'accuracy 0.9800']
    """
    logs = logs or {}
    names = sorted(logs, key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss"))
    return [f"{name} {number(logs[name])}" for name in names]


def pairs_in(logs: Mapping[str, Any] | None) -> list[str]:
    """The same in less room: the numbers of the validation beside those of training.

    Example:
        >>> pairs_in({"loss": 0.0625, "val_loss": 0.07, "rate": 0.1})
        ['loss 0.0625, val 0.0700', 'rate 0.1000']
    """
    logs = logs or {}
    alone = {k: v for k, v in logs.items() if k.removeprefix("val_") == k or k.removeprefix("val_") not in logs}
    texts = values_in(alone)
    for k, text in enumerate(texts):
        validated = f"val_{text.split(' ')[0]}"
        texts[k] += f", val {number(logs[validated])}" if validated in logs else ""
    return texts


def number(value: Any) -> str:
    """Four digits that matter."""
    if isinstance(value, str) or np.ndim(value) != 0:
        return str(value)
    size = abs(float(value))
    return f"{float(value):.4f}" if 1e-3 <= size < 1e4 or size == 0 else f"{float(value):.4g}"


def duration(seconds: float) -> str:
    """A time as a person says it.

    Example:
        >>> duration(0.25), duration(75), duration(3700)
        ('0.2 s', '1 min 15 s', '1 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def compact(value: float) -> str:
    """A rate in few digits.

    Example:
        >>> compact(2.5), compact(48300.0)
        ('2.5', '48,300')
    """
    if value < 100:
        return f"{value:.1f}"
    step = 10 ** max(0, math.floor(math.log10(value)) - 2)
    return f"{round(value / step) * step:,}"


class _Bar:
    """One line that is drawn again and again, by rich."""

    def __init__(self, stream: Any) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream)
        self._live = Live(console=self._console, auto_refresh=False)
        self._safely(self._live.start)

    def draw(
        self, title: str, done: int, steps: int | None, pace: list[str], logs: Mapping[str, Any] | None
    ) -> None:
        """Draw the line, as much of it as there is room for."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        count = f"{done}/{steps}" if steps else str(done)
        room = self._console.width - len(title) - len(count) - 4  # before the line breaks
        values, pairs = values_in(logs), pairs_in(logs)
        for facts in ([*pace, *values], [*pace[:1], *values], [*pace[:1], *pairs], pairs):
            text = "  ".join(facts)
            if len(text) + LEAST <= room:
                break
        left = min(room - len(text), WIDTH)
        bar = [ProgressBar(total=steps, completed=done, width=left, pulse=steps is None)] if left >= LEAST else []
        row = Table.grid(padding=(0, 1))
        row.add_row(Text(title, style="bold"), *bar, count, Text(text, no_wrap=True, overflow="ellipsis"))
        self._safely(lambda: self._live.update(row, refresh=True))

    def close(self) -> None:
        """Leave the line as it stands."""
        self._safely(self._live.stop)

    @staticmethod
    def _safely(action: Callable[[], Any]) -> None:
        with suppress(ValueError, OSError):  # closed, or an encoding that cannot show it
            action()
