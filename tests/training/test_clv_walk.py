"""Lifetime value, from transactions to scores: nothing at or after the cutoff changes a bit of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.datasets.simulator import simulate
from features.engine.door import admit
from features.library import POPULATIONS, TARGETS, chosen
from training.backtest import Backtested, backtest
from training.splits import Splits, rolling
from training.task import Task

CUTOFF, END = pd.Timestamp("2024-12-08"), pd.Timestamp("2025-02-24")
MODELS: dict[str, dict[str, Any]] = {"clv": {}, "clv_blend": {"fewest_customers": 100, "rounds": 20}}
Change = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Walk:
    """A walk down and back: what was learned from and tested on, and what each model made of it."""

    splits: Splits
    judged: dict[str, Backtested]


def walk(change: Change = lambda sold: sold) -> Walk:
    tables = dict(simulate(250, days=420, seed=2).tables)
    tables["transactions"] = change(tables["transactions"])
    history = admit("shop", tables, end=END)
    features = chosen(["rfm", "windows", "decay", "gaps", "rates"])
    task = Task(history, POPULATIONS["known"], features, TARGETS["future_spend"], horizon_days=56, learn_days=28)
    splits = rolling(task, first=pd.Timestamp("2024-06-01"), step_days=28, tests=[CUTOFF])
    judged = {name: backtest("t", task, splits, model=name, params=params) for name, params in MODELS.items()}
    return Walk(splits, judged)


@pytest.fixture(scope="module")
def plain() -> Walk:
    return walk()


def later(sold: pd.DataFrame) -> "pd.Series[bool]":
    return sold["time"] >= CUTOFF


def added(sold: pd.DataFrame, *, after: pd.Timedelta, customers: int = 10_000, amount: float = 1e6) -> pd.DataFrame:
    """Let customers, and as many new ones, buy for so much at a time after the cutoff."""
    odd = sold.drop_duplicates("customer_id").head(customers)
    odd = odd.assign(time=CUTOFF + after, amount=amount, order_id="planted")
    return pd.concat([sold, odd, odd.assign(customer_id="new" + odd["customer_id"])], ignore_index=True)


def moved(sold: pd.DataFrame) -> pd.DataFrame:
    """Let all that was bought from the cutoff on be bought by others, for other amounts, at other times after it."""
    rng, odd = np.random.default_rng(1), sold.copy()
    places = np.flatnonzero(later(sold))
    seconds = rng.integers(0, int((END - CUTOFF).total_seconds()), len(places))
    odd.loc[odd.index[places], "time"] = (CUTOFF + pd.to_timedelta(seconds, unit="s")).astype(sold["time"].dtype)
    for columns in (["customer_id"], ["amount", "is_return"]):
        order = rng.permutation(places)
        for column in columns:
            odd.loc[odd.index[places], column] = sold[column].to_numpy()[order]
    return odd


CHANGES: dict[str, Change] = {
    "deleted": lambda sold: sold[~later(sold)],
    "one in three deleted": lambda sold: sold[~later(sold) | (np.arange(len(sold)) % 3 > 0)],
    "moved": moved,
    "added at the cutoff": lambda sold: added(sold, after=pd.Timedelta(0)),
    "added a month later": lambda sold: added(sold, after=pd.Timedelta(days=31)),
    "one added at the cutoff": lambda sold: added(sold, after=pd.Timedelta(0), customers=1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_happens_at_or_after_the_cutoff_changes_nothing(name: str, plain: Walk) -> None:
    odd = walk(CHANGES[name])
    learned, before = odd.splits.final.train, plain.splits.final.train
    pd.testing.assert_frame_equal(learned.X, before.X, check_exact=True)
    pd.testing.assert_series_equal(learned.y, before.y, check_exact=True)
    pd.testing.assert_frame_equal(odd.splits.final.test.X, plain.splits.final.test.X, check_exact=True)
    assert (odd.splits.final.test.y != plain.splits.final.test.y).any()  # what came is another
    for model, judged in odd.judged.items():
        was = plain.judged[model]
        assert judged.artifact.model.state() == was.artifact.model.state()
        assert judged.scored["score"].tolist() == was.scored["score"].tolist()
        rows = plain.splits.final.test.X
        pd.testing.assert_frame_equal(
            judged.artifact.score(rows, version="1"), was.artifact.score(rows, version="1"), check_exact=True
        )
        assert (judged.scored["actual"] != was.scored["actual"]).any()


def test_the_walk_learns_from_outcomes(plain: Walk) -> None:
    """Else nothing at the cutoff could have been learned."""
    note = plain.judged["clv_blend"].artifact.model.note_  # type: ignore[attr-defined]
    assert "is learned from what came within 28 days of" in note
    assert plain.judged["clv_blend"].artifact.trained_to == CUTOFF


@pytest.mark.parametrize("model", MODELS)
def test_what_happens_before_the_cutoff_changes_it(model: str, plain: Walk) -> None:
    """The same planted purchases a second earlier: the test above would see them."""
    odd = walk(lambda sold: added(sold, after=pd.Timedelta(seconds=-1), customers=9, amount=50.0))
    assert odd.judged[model].artifact.model.state() != plain.judged[model].artifact.model.state()
