"""Histories that the tests of the features floor share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.registry import Registry
from features import declaration
from features.datasets import DATASETS
from features.declaration import Declaration, feature
from features.engine.door import admit
from features.expression import Events
from features.history import History
from features.policy import Policy

MIDNIGHTS = pd.DatetimeIndex(["2024-03-01", "2024-05-20", "2024-08-01", "2024-11-11", "2025-01-01"])
ODD_HOURS = pd.DatetimeIndex(
    ["2024-03-01 13:37:11.500000", "2024-05-20 00:00:01", "2024-08-01 06:00", "2024-11-11 23:59:59", "2025-01-01 12:00"]
)
CATEGORIES = ("bread", "cheese", "fish", "fruit", "tea", "wine")
CAMPAIGNS = ("spring", "summer", "autumn")
GRACE_DAYS = 7
Build = Callable[..., History]


@pytest.fixture(scope="session")
def midnights() -> pd.DatetimeIndex:
    """Give five cutoffs at 00:00."""
    return MIDNIGHTS


@pytest.fixture(scope="session")
def odd_hours() -> pd.DatetimeIndex:
    """Give five cutoffs at other times of day."""
    return ODD_HOURS


@pytest.fixture(scope="session")
def build() -> Build:
    """Make a history of rows (customer_id, time, amount and, by name, more columns)."""

    def made(rows: list[tuple[Any, ...]], *more: str, end: str = "2026-01-01", **tables: pd.DataFrame) -> History:
        lines = pd.DataFrame(rows, columns=["customer_id", "time", "amount", *more])
        return admit("built", {"transactions": lines, **tables}, end=pd.Timestamp(end))

    return made


@pytest.fixture(scope="session")
def purchases() -> pd.DataFrame:
    """Draw the rows of 60 customers over 500 days.

    Times at any hour, at midnight, at cutoffs and their windows' first instants; doubles; returns; late and null.
    """
    rng = np.random.default_rng(20240229)
    sizes = rng.geometric(0.04, 60).clip(max=60)
    customers = np.repeat([f"c{number:02}" for number in range(60)], sizes)
    rows = pd.DataFrame({"customer_id": customers, "time": _times(rng, len(customers))})
    rows = _joined(pd.concat([rows, _edges(rng)], ignore_index=True))
    rows["amount"] = rng.choice([0.0, 0.05, 1.1, 3.35, 19.99, 250.0], len(rows)) + rng.integers(0, 900, len(rows)) / 100
    rows["category"] = rng.choice(np.array([*CATEGORIES, None]), len(rows), p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.1])
    rows["discount"] = rng.choice([0.0, 0.1, 2.5, np.nan], len(rows))
    rows["is_return"] = rng.choice(np.array([False, None, True]), len(rows), p=[0.8, 0.1, 0.1])
    rows["amount"] = rows["amount"].where(rows["is_return"] != True, -rows["amount"])  # noqa: E712
    rows["known_time"] = rows["time"] + pd.to_timedelta(rng.choice([0, 1, 30, 86400 * 3], len(rows)), unit="s")
    rows["known_time"] = rows["known_time"].where(rng.random(len(rows)) < 0.5)
    rows["channel"] = rng.choice(np.array(["store", "web", None]), len(rows))
    rows["order_id"] = rng.integers(0, 400, len(rows)).astype(str)
    rows["product_id"] = rng.integers(0, 30, len(rows)).astype(str)
    rows["quantity"] = rng.integers(1, 5, len(rows))
    rows["cost"] = rng.choice([0.0, 0.5, 9.99, np.nan], len(rows))
    rows["coupon"] = rng.choice([0.0, 0.25, 1.5, np.nan], len(rows))
    rows["private_label"] = rng.choice(np.array([False, None, True]), len(rows))
    rows["store_id"] = rng.choice(np.array(["north", "south", "west", None]), len(rows), p=[0.5, 0.2, 0.2, 0.1])
    for column in ("order_id", "product_id", "quantity"):
        rows[column] = rows[column].where(rng.random(len(rows)) < 0.95)
    doubled = pd.concat([rows, rows.sample(20, random_state=1)])
    return doubled.sample(frac=1, random_state=2, ignore_index=True)


def _times(rng: np.random.Generator, count: int) -> pd.DatetimeIndex:
    days = pd.Timestamp("2023-11-01") + pd.to_timedelta(rng.integers(0, 500, count), unit="D")
    seconds = np.where(rng.random(count) < 0.2, 0, rng.integers(0, 86400, count))
    return pd.DatetimeIndex(days + pd.to_timedelta(seconds, unit="s"))


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """Let the last 20 customers begin at a cutoff."""
    join = pd.Series([*MIDNIGHTS, *ODD_HOURS] * 2, index=[f"c{number}" for number in range(40, 60)])
    kept = rows[~(rows["time"] < rows["customer_id"].map(join))]
    return pd.concat([kept, join.rename("time").rename_axis("customer_id").reset_index()], ignore_index=True)


def _edges(rng: np.random.Generator) -> pd.DataFrame:
    """Put events at cutoffs, and where windows and horizons begin and end: at that instant and just before."""
    cutoff = rng.choice(np.concatenate([MIDNIGHTS.to_numpy(), ODD_HOURS.to_numpy()]), 500)
    days = pd.to_timedelta(rng.choice([0, 0, 0, -28, -56, -91, -182, 28], 500), unit="D")
    before = pd.to_timedelta(rng.choice([0, 1], 500, p=[0.7, 0.3]), unit="us")
    customers = [f"c{number:02}" for number in rng.integers(0, 60, 500)]
    return pd.DataFrame({"customer_id": customers, "time": pd.DatetimeIndex(cutoff + days - before)})


@pytest.fixture(scope="session")
def drawn(purchases: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Draw the other tables of these customers, and of some of whom there is nothing else."""
    rng = np.random.default_rng(20250101)
    return {
        "transactions": purchases,
        "events": _events(rng),
        "touches": _touches(rng),
        "subscriptions": _subscriptions(rng),
        "customers": _people(rng),
    }


def _instants(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Draw rows of customers at any time, and at cutoffs and their windows' first instants; some are late."""
    customers = [f"c{number:02}" for number in rng.integers(0, 62, count)]
    rows = pd.DataFrame({"customer_id": customers, "time": _times(rng, count)})
    rows = pd.concat([rows, _edges(rng).replace({"customer_id": {"c00": "c61"}})], ignore_index=True)
    late = pd.to_timedelta(rng.choice([0, 1, 30, 86400 * 3], len(rows)), unit="s")
    return rows.assign(known_time=(rows["time"] + late).where(rng.random(len(rows)) < 0.4))


def _events(rng: np.random.Generator) -> pd.DataFrame:
    rows = _instants(rng, 1500)
    kinds = ["visit", "email_open", "coupon_redemption", "complaint"]
    rows["kind"] = rng.choice(kinds, len(rows), p=[0.5, 0.2, 0.2, 0.1])
    rows["campaign"] = np.random.default_rng(20250102).choice(np.array([*CAMPAIGNS, None]), len(rows))
    return pd.concat([rows, rows.sample(20, random_state=4)]).sample(frac=1, random_state=5, ignore_index=True)


def _touches(rng: np.random.Generator) -> pd.DataFrame:
    rows = _instants(rng, 300)
    rows["campaign"] = rng.choice(CAMPAIGNS, len(rows))
    rows["treatment"] = rng.choice(np.array([True, None, False]), len(rows), p=[0.5, 0.1, 0.4])
    rows["cost"] = rng.choice([0.02, 0.85, np.nan], len(rows))
    return rows.sample(frac=1, random_state=6, ignore_index=True)


def _subscriptions(rng: np.random.Generator) -> pd.DataFrame:
    """Draw contracts: one after the other or at once, changed at an instant, over at once, open, at cutoffs."""
    rows = _instants(rng, 0).drop(columns="known_time").sample(180, random_state=7, ignore_index=True)
    rows = rows.rename(columns={"time": "start"})
    days = pd.to_timedelta(rng.choice([0, 9, 28, 91, 120], len(rows)), unit="D")
    rows["end"] = (rows["start"] + days).where(rng.random(len(rows)) < 0.8)
    changed = rows[rows["end"].notna()].sample(30, random_state=8)
    rows = pd.concat([rows, changed.assign(start=changed["end"], end=None), _over()], ignore_index=True)
    rows["plan"] = rng.choice(["basic", "plus", "premium"], len(rows))
    rows["price"] = rng.choice([9.99, 19.99, 39.99, np.nan], len(rows))
    rows["term_days"] = rng.choice([7.0, 30.0, 31.0, np.nan, 0.0], len(rows), p=[0.2, 0.4, 0.2, 0.1, 0.1])
    late = pd.to_timedelta(rng.choice([0, 1, 86400 * 20], len(rows)), unit="s")
    rows["known_time"] = (rows["start"] + late).where(rng.random(len(rows)) < 0.3)
    return rows.sample(frac=1, random_state=9, ignore_index=True)


def _over() -> pd.DataFrame:
    """Let contracts of three customers end at each cutoff."""
    cutoffs = np.repeat(np.concatenate([MIDNIGHTS.to_numpy(), ODD_HOURS.to_numpy()]), 3)
    ends = pd.DatetimeIndex(cutoffs)
    ids = [f"c{number:02}" for number in range(len(ends))]
    return pd.DataFrame({"customer_id": ids, "start": ends - pd.Timedelta("5D"), "end": ends})


def _people(rng: np.random.Generator) -> pd.DataFrame:
    people = pd.DataFrame({"customer_id": [f"c{number:02}" for number in range(0, 66, 2)]})
    people["age"] = rng.choice([18.0, 31.5, 70.0, np.nan], len(people))
    people["city"] = rng.choice(np.array(["Ulm", "Bad = Ort", "O'Fallon", None]), len(people))
    return people


@pytest.fixture(scope="session")
def history(drawn: dict[str, pd.DataFrame]) -> History:
    """Admit the drawn rows."""
    return admit("drawn", drawn, policy=Policy(grace_days=GRACE_DAYS))


@pytest.fixture(scope="session")
def everyone() -> Callable[[pd.DatetimeIndex], pd.DataFrame]:
    """Make a spine of all customers and categories, of one who never bought, and of one unknown, in no order.

    Each row asks about a campaign, too.
    """

    def spine(cutoffs: pd.DatetimeIndex) -> pd.DataFrame:
        customers = pd.DataFrame({"customer_id": [*(f"c{number:02}" for number in range(60)), "c61", "nobody"]})
        pairs = customers.merge(pd.DataFrame({"category": CATEGORIES}), how="cross")
        asked = pairs.merge(cutoffs.to_frame(name="cutoff"), how="cross")
        campaign = pd.Series(np.resize(CAMPAIGNS, len(asked)), dtype="str")
        return asked.assign(campaign=campaign).sample(frac=1, random_state=3)

    return spine


@pytest.fixture(scope="session")
def cdnow() -> History:
    """Load CDNOW once."""
    return DATASETS["cdnow"]()


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Declaration]:
    """Declare a feature called thing, apart from the library."""
    for name in ("FEATURES", "TARGETS", "POPULATIONS"):
        monkeypatch.setattr(declaration, name, Registry(name.lower().removesuffix("s")))

    def made(say: Callable[[Events], Any], meaning: str = "Meaning. Unit: days.", **options: Any) -> Declaration:
        def thing(e: Events) -> Any:
            return say(e)

        thing.__doc__ = meaning
        declaration.FEATURES.clear()
        feature(**options)(thing)
        return next(iter(declaration.FEATURES.values()))

    return made
