"""Simulated buyers, and lifetime value fitted to them."""

import numpy as np
import pandas as pd
import pytest

from models.estimators.clv import Clv
from tests.models.clv.buyers import HORIZON, simulate


@pytest.fixture(scope="session")
def sample() -> tuple[pd.DataFrame, np.ndarray]:
    """Give simulated buyers and what each spends later."""
    return simulate()


@pytest.fixture(scope="session")
def frame(sample: tuple[pd.DataFrame, np.ndarray]) -> pd.DataFrame:
    """Give the buyers."""
    return sample[0]


@pytest.fixture(scope="session")
def model(frame: pd.DataFrame) -> Clv:
    """Give lifetime value, fitted on its usual terms."""
    return Clv(HORIZON).fit(frame)
