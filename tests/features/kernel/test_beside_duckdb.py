"""The kernel beside DuckDB: drawn declarations over drawn histories."""

from random import Random

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from features.declaration import Declaration
from features.engine.run import observe, outcome
from tests.features.kernel.declarations import declarations, faded, said
from tests.features.kernel.histories import drawn, instant

LOOK = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # what fails is told in one line; to make it smaller takes minutes
    suppress_health_check=list(HealthCheck),
)
SEEDS = st.integers(0, 2**30)


def check(kernel: pd.DataFrame, duckdb: pd.DataFrame, declared: list[Declaration]) -> None:
    """Compare frames to 1e-9, to 1e-8 where there are decayed sums: SQL rounds their terms to 1e-9."""
    assert list(kernel.columns) == list(duckdb.columns)
    for each in declared:
        one, other = kernel[each.name], duckdb[each.name]
        if each.text:
            assert [None if pd.isna(x) else x for x in one] == [None if pd.isna(x) else x for x in other], each.name
            continue
        a, b = one.to_numpy(float), other.to_numpy(float)
        same = np.isclose(a, b, rtol=1e-9, atol=1e-8 if faded(each) else 1e-9, equal_nan=True)
        assert same.all(), f"{each.name} = {said(each.node)} by {each.by}: {a[~same]} is not {b[~same]}"


@LOOK
@given(SEEDS, declarations())
def test_drawn_features_are_the_same(seed: int, declared: list[Declaration]) -> None:
    asked = drawn(seed)
    frames = [observe(asked.history, asked.spine, declared, engine=engine) for engine in ("kernel", "duckdb")]
    check(frames[0], frames[1], declared)


@LOOK
@given(SEEDS, declarations(), st.sampled_from([30, 30, 7, 1]))
def test_drawn_targets_are_the_same(seed: int, declared: list[Declaration], horizon: int) -> None:
    asked, by_chance = drawn(seed), Random(seed)
    known_by = by_chance.choice([None, instant(by_chance), instant(by_chance, midnight=True)])
    frames = [
        outcome(asked.history, asked.spine, declared, horizon_days=horizon, known_by=known_by, engine=engine)
        for engine in ("kernel", "duckdb")
    ]
    check(frames[0], frames[1], declared)


@LOOK
@given(SEEDS, declarations(alone=True))
def test_sums_of_huge_amounts_are_exact(seed: int, declared: list[Declaration]) -> None:
    asked = drawn(seed, huge=True)
    frames = [observe(asked.history, asked.spine, declared, engine=engine) for engine in ("kernel", "duckdb")]
    check(frames[0], frames[1], declared)
