"""For tests of one's own layers, losses and operations."""

from __future__ import annotations

from chainrule.testing.gradients import check_gradients

__all__ = ["check_gradients"]
