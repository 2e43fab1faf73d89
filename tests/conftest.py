"""One thread, unless the caller asks for more: pools that spin on two cores wait for each other."""

import os

os.environ.setdefault("CHAINRULE_THREADS", "1")

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(0)
