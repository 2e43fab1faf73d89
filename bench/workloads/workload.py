"""Workload: one question, asked of several programs in one or several cases."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.programs import Program


@dataclass(frozen=True)
class Case:
    """One row of the question.

    Args:
        label: its name in the table.
        settings: what the workload needs to know about it.
        threads: for this case alone; the run's own number where None.
    """

    label: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = None


@dataclass(frozen=True)
class Setting:
    """What a measurement may use.

    Args:
        data: the folder with the arrays.
        smoke: whether to do as little as proves that it works.
    """

    data: Path
    smoke: bool


@dataclass(frozen=True)
class Figures:
    """What one process measured: several figures of the same thing, and the last training loss, if any."""

    values: list[float]
    loss: float | None = None


class Workload(ABC):
    """What is measured, by which programs, in which cases.

    Attributes:
        name: on the command line.
        title: of the table and the chart.
        unit: of the figures; less is better in all of them.
        programs: keys of `PROGRAMS`, in the order of their turns.
        few: those that suffice to prove that it works, where each takes its time; empty for all.
        repeated: whether figures differ from round to round.
        has_curves: whether the chart draws lines over the cases.
    """

    name: str
    title: str
    unit: str
    programs: tuple[str, ...]
    few: tuple[str, ...] = ()
    repeated = True
    has_curves = False

    def takes_part(self, key: str, smoke: bool) -> bool:
        """Whether a program is asked."""
        return key in ((self.few if smoke else ()) or self.programs)

    @abstractmethod
    def cases(self, smoke: bool, threads: int) -> list[Case]:
        """The cases, in order."""

    @abstractmethod
    def measure(self, program: Program, case: Case, setting: Setting) -> dict[str, Figures]:
        """Measure in this process, each way by its name where a program can do the work in several."""
