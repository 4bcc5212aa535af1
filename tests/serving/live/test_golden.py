"""A model whose answers are not what they must be does not go live."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from serving.block import ANSWER
from serving.live.golden import NotGolden, check_golden
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from tests.serving.altered import altered

MODELS = ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]
Rows = tuple[list[str], list[bytes]]


def rows_of(live: Live) -> Rows:
    """Give the golden customers of a model's batch, and their rows."""
    assert live.held is not None
    customer_ids = list(live.held.generation.about["golden"])
    assert len(customer_ids) == 64
    return customer_ids, [row for row in asyncio.run(live.rows(customer_ids)) if row is not None]


@pytest.mark.parametrize("name", MODELS)
def test_what_is_right_passes(snapshot: Snapshot, name: str) -> None:
    live = snapshot.models[name]
    check_golden(live, *rows_of(live))
    check_golden(altered(live), *rows_of(live))
    check_golden(Live(live.registered, None), [], [])


def _off(method: str, when: Callable[[Any], bool] = lambda rows: True) -> Callable[..., Any]:
    """Make a method that is off by little."""

    def off(self: Any, rows: Any) -> Any:
        return getattr(super(type(self), self), method)(rows) + (1e-12 if when(rows) else 0.0)

    return off


def test_other_answers_by_rows_than_by_the_frame(snapshot: Snapshot) -> None:
    live = altered(snapshot.models["shop_churn"], predict=_off("predict"))
    told = "shop_churn's score differs on golden rows where it is computed by rows"
    with pytest.raises(NotGolden, match=told):
        check_golden(live, *rows_of(live))


def test_other_answers_alone_than_beside_others(snapshot: Snapshot) -> None:
    alone = _off("predict_rows", lambda rows: len(rows) == 1)
    live = altered(snapshot.models["shop_churn"], predict_rows=alone)
    with pytest.raises(NotGolden, match="shop_churn's score differs on golden rows where it is asked alone"):
        check_golden(live, *rows_of(live))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_no_finite_number(snapshot: Snapshot, number: float) -> None:
    def predict(self: Any, frame: Any) -> Any:
        scores = super(type(self), self).predict(frame)
        scores[3] = number
        return scores

    live = altered(snapshot.models["shop_clv"], predict=predict)
    with pytest.raises(NotGolden, match="shop_clv gives 1 of 64 golden rows no finite score"):
        check_golden(live, *rows_of(live))
    with pytest.raises(NotGolden, match="shop_clv gives 1 of 8 golden rows no finite score"):
        check_golden(Live(live.registered, None), [], [])


def _tampered(live: Live, column: str, change: Callable[[np.ndarray], None]) -> Rows:
    """Change a column of all customers' rows."""
    customer_ids, rows = rows_of(live)
    assert live.held is not None
    made, place = [], live.held.layout.place(column)
    for row in rows:
        values = np.frombuffer(row).reshape(-1, len(live.held.layout.columns)).copy()
        change(values[:, place])
        made.append(values.tobytes())
    return customer_ids, made


def _more(values: np.ndarray) -> None:
    values += 1e-9


def _null(values: np.ndarray) -> None:
    values[:] = np.nan


@pytest.mark.parametrize("change", [_more, _null])
@pytest.mark.parametrize("name", MODELS)
def test_answers_of_the_batch_that_were_changed(
    snapshot: Snapshot, name: str, change: Callable[[np.ndarray], None]
) -> None:
    live = snapshot.models[name]
    told = f"{name}'s score differs on golden rows where it is written by the batch"
    with pytest.raises(NotGolden, match=told):
        check_golden(live, *_tampered(live, f"{ANSWER}score", change))


@pytest.mark.parametrize("column", ["p_alive", "high"])
def test_what_is_told_beside_the_score(snapshot: Snapshot, column: str) -> None:
    live = snapshot.models["shop_clv"]
    with pytest.raises(NotGolden, match=f"shop_clv's {column} differs on golden rows where it is written by the batch"):
        check_golden(live, *_tampered(live, f"{ANSWER}{column}", _more))


def test_a_pair_that_the_batch_did_not_answer(snapshot: Snapshot) -> None:
    def asked(values: np.ndarray) -> None:
        values[:] = 1

    live = snapshot.models["shop_cross_sell"]
    with pytest.raises(NotGolden, match="differs on golden rows where it is written by the batch"):
        check_golden(live, *_tampered(live, "eligible", asked))


@pytest.mark.parametrize(("name", "column"), [("shop_churn", "days_since_last"), ("shop_clv", "recency_days")])
def test_features_that_were_changed(snapshot: Snapshot, name: str, column: str) -> None:
    def half(values: np.ndarray) -> None:
        values /= 2

    live = snapshot.models[name]
    with pytest.raises(NotGolden, match="differs on golden rows where it is written by the batch"):
        check_golden(live, *_tampered(live, column, half))
