"""A shop whose tables are sound, to be broken."""

from collections.abc import Callable

import pandas as pd
import pytest

from features.datasets.simulator import simulate

pytest.register_assert_rewrite("tests.features.usability.breaks")

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="session")
def sound() -> Tables:
    """Simulate 1,200 customers over 600 days, once: 2024-01-01 to 2025-08-22."""
    return dict(simulate(1200, days=600, seed=1).tables)


@pytest.fixture
def shop(sound: Tables) -> Tables:
    """Give the sound tables to break."""
    return {name: table.copy() for name, table in sound.items()}


@pytest.fixture(scope="session")
def small() -> Callable[[], Tables]:
    """Make the tables of 80 customers over 120 days."""
    return lambda: dict(simulate(80, days=120, seed=2).tables)
