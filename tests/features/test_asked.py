"""The spine at the engine's door: what it must have, local time, and names that are taken."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.asked import TAKEN, checked
from features.engine.door import admit
from features.engine.run import Engine, observe, outcome
from features.history import History
from features.library import FEATURES, TARGETS
from features.tables import HistoryError

Build = Callable[..., History]
SPEND, PAIR, TARGET = FEATURES["spend"], FEATURES["category_spend"], TARGETS["churned"]


@pytest.fixture
def shop(build: Build) -> History:
    return build([("a", "2024-03-30 12:00", 1.0, "tea"), ("b", "2024-03-31 01:30", 2.0, "wine")], "category")


def spine(**columns: Any) -> pd.DataFrame:
    made = {"customer_id": ["a", "b"], "cutoff": pd.to_datetime(["2024-04-01", "2024-05-01"]), **columns}
    return pd.DataFrame({name: column for name, column in made.items() if column is not None})


@pytest.mark.parametrize(
    ("columns", "declared", "message"),
    [
        ({"customer_id": None}, [SPEND], "the spine needs a column 'customer_id'; it has ['cutoff']"),
        ({"cutoff": None}, [SPEND], "the spine needs a column 'cutoff'; it has ['customer_id']"),
        ({"cutoff": None, "extra": 1}, [SPEND], "it has ['customer_id', 'extra']"),
        (
            {},
            [SPEND, PAIR],
            "category_spend is per category: the spine needs a column 'category'; it has ['customer_id', 'cutoff']",
        ),
        ({"customer_id": [1, 2]}, [SPEND], "the spine's customer_id is int64; ids are text: write spine.astype("),
        ({"customer_id": [1.0, None]}, [SPEND], "the spine's customer_id is float64; ids are text"),
        (
            {"customer_id": pd.Series(["a", 7], dtype=object)},
            [SPEND],
            "the spine's customer_id is object; ids are text: write spine.astype({'customer_id': 'str'})",
        ),
        (
            {"cutoff": ["2024-04-01", "2024-05-01"]},
            [SPEND],
            "the spine's cutoff is str, such as '2024-04-01'; use pd.to_datetime",
        ),
        (
            {"cutoff": [20240401, 20240501]},
            [SPEND],
            "the spine's cutoff is int64, such as np.int64(20240401); use pd.to_",
        ),
        (
            {"cutoff": pd.to_datetime(["2024-04-01", "NaT"])},
            [SPEND],
            "1 rows of the spine have no cutoff; drop them",
        ),
        (
            {"spend": 1.0, "other": 2.0},
            [SPEND],
            "the spine has columns ['spend'], which the engine makes itself; rename or drop them",
        ),
        ({"row_id": 0, "bucket": 1}, [SPEND], "the spine has columns ['row_id', 'bucket'], which the engine makes"),
        ({}, [SPEND, TARGET, SPEND], "['spend'] are asked for more than once; ask for each once"),
    ],
)
def test_what_is_no_spine_is_refused(
    shop: History, columns: dict[str, Any], declared: list[Declaration], message: str
) -> None:
    asked = spine(**columns)
    with pytest.raises(ValueError, match=re.escape(message)):
        checked(shop, asked, declared)
    with pytest.raises(ValueError, match=re.escape(message)):
        observe(shop, asked, declared)
    with pytest.raises(ValueError, match=re.escape(message)):
        outcome(shop, asked, declared, horizon_days=7)


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("engine", ["kernel", "duckdb"])
def test_names_that_the_engines_use_are_taken(shop: History, name: str, engine: Engine) -> None:
    with pytest.raises(ValueError, match=f"the spine has columns \\['{name}'\\], which the engine makes itself"):
        observe(shop, spine(**{name: 1}), [SPEND], engine=engine)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            FEATURES["discount_share"],
            "discount_share needs the columns ['discount'] of transactions; built has customer_id, time, amount, "
            "category, is_return. Map them in the dataset file, or leave discount_share out of the study",
        ),
        (
            FEATURES["visits_28d"],
            "visits_28d needs the table 'events'; built has transactions. "
            "Map them in the dataset file, or leave visits_28d out of the study",
        ),
    ],
)
def test_what_the_history_lacks_is_said_with_what_to_do(shop: History, declared: Declaration, message: str) -> None:
    with pytest.raises(HistoryError, match=re.escape(message)):
        checked(shop, spine(), [SPEND, declared])


def test_a_spine_is_not_changed_by_being_checked(shop: History) -> None:
    asked = spine(weight=[1.5, np.nan]).set_index(pd.Index([7, 3]))
    before = asked.copy()
    given = checked(shop, asked, [SPEND])
    pd.testing.assert_frame_equal(asked, before)
    pd.testing.assert_frame_equal(given, before.astype({"cutoff": "datetime64[us]"}))


@pytest.mark.parametrize(
    "columns", [{}, {"cutoff": pd.Series(dtype=object)}, {"customer_id": pd.Series(dtype="int64")}]
)
@pytest.mark.parametrize("engine", ["kernel", "duckdb"])
def test_a_spine_without_rows_may_have_columns_of_any_type(
    shop: History, columns: dict[str, Any], engine: Engine
) -> None:
    asked = spine().iloc[:0].assign(**columns)
    assert checked(shop, asked, [SPEND])["cutoff"].dtype == "datetime64[us]"
    assert observe(shop, asked, [SPEND], engine=engine).shape == (0, 3)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("ids", ["str", "string", "object"])
def test_cutoffs_of_any_resolution_and_ids_of_any_text_will_do(shop: History, unit: str, ids: str) -> None:
    asked = spine().astype({"cutoff": f"datetime64[{unit}]", "customer_id": ids})
    assert observe(shop, asked, [SPEND])["spend"].tolist() == [1, 2]


@pytest.fixture(scope="module")
def berlin() -> History:
    """A purchase at 01:30 on the day the clocks go forward, one an hour (by the wall, two) later."""
    rows = [("a", "2024-03-31 01:30", 1.0), ("a", "2024-03-31 03:30", 2.0)]
    lines = pd.DataFrame(rows, columns=["customer_id", "time", "amount"])
    return admit("berlin", {"transactions": lines}, end=pd.Timestamp("2025-01-01"), zone="Europe/Berlin")


@pytest.mark.parametrize("engine", ["kernel", "duckdb"])
def test_cutoffs_with_a_zone_become_local_times_of_the_history(berlin: History, engine: Engine) -> None:
    """01:30 in Berlin is 00:30 UTC, 03:30 is 01:30 UTC: an event at the cutoff is not before it."""
    instants = pd.to_datetime(["2024-03-31 00:30Z", "2024-03-31 00:31Z", "2024-03-31 01:30Z", "2024-03-31 01:31Z"])
    for cutoffs in (instants, instants.tz_convert("America/New_York")):
        asked = pd.DataFrame({"customer_id": "a", "cutoff": cutoffs})
        local = ["2024-03-31 01:30", "2024-03-31 01:31", "2024-03-31 03:30", "2024-03-31 03:31"]
        assert checked(berlin, asked, [SPEND])["cutoff"].tolist() == [pd.Timestamp(each) for each in local]
        frame = observe(berlin, asked, [SPEND], engine=engine)
        assert frame["spend"].tolist() == [0, 1, 1, 3]
        pd.testing.assert_series_equal(frame["cutoff"], asked["cutoff"])


def test_cutoffs_without_a_zone_are_local_times_already(berlin: History) -> None:
    asked = pd.DataFrame({"customer_id": "a", "cutoff": pd.to_datetime(["2024-03-31 01:31", "2024-03-31 03:31"])})
    assert observe(berlin, asked, [SPEND])["spend"].tolist() == [1, 3]


def test_horizons_of_cutoffs_with_a_zone_are_local_too(berlin: History) -> None:
    late = pd.to_datetime(["2024-12-01 23:00Z"])  # midnight in Berlin: 30 days more end with the history
    asked = pd.DataFrame({"customer_id": "a", "cutoff": late})
    assert outcome(berlin, asked, [TARGET], horizon_days=30)["churned"].tolist() == [1]
    with pytest.raises(ValueError, match="the 30-day horizon of cutoff 2024-12-02 ends after"):
        outcome(berlin, asked.assign(cutoff=late + pd.Timedelta("1h")), [TARGET], horizon_days=30)
