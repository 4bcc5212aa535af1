"""A shop whose tables are sound, to be broken."""

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
