"""Edges of the scoring object: who is told what, in which order, and what is no question."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pytest

from serving.block import Held
from serving.bulk import bulk
from serving.feature_rows import NotFeatures
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.messages import OffersAsked, Refusal, Score
from serving.offers import offers_of
from serving.scorer import NotAllowed, Scorer
from serving.store.layout import Layout
from serving.store.lmdb_store import LmdbStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FEATURES = {"days_since_last": [3.0, 80.0, 9.0], "purchase_days": [4.0, 1.0, 2.0], "spend": [40.0, 9.0, 30.0]}
ROWS = pa.table({"customer_id": ["a", "b", "c"], **FEATURES})


def only(*names: str) -> Callable[[str], bool]:
    return lambda name: name in names


def test_a_key_learns_nothing_of_models_that_it_may_not_ask(snapshot: Snapshot, ids: list[str]) -> None:
    churn, clv = snapshot.models["shop_churn"], snapshot.models["shop_clv"]
    scorer = Scorer(Snapshot({"shop_churn": Live(churn.registered, None), "shop_clv": clv}))

    def told(may: Callable[[str], bool]) -> list[str]:
        asked = scorer.by_id([ids[0], "nobody"], ["shop_churn"], now=NOW, may=may)
        return [each.refusal for each in asyncio.run(asked) if isinstance(each, Refusal)]

    assert told(only("shop_churn", "shop_clv")) == ["unknown", "unknown"]
    both = Scorer(Snapshot({"shop_cross_sell": _without(snapshot, ids[0]), "shop_clv": clv}))
    for may, expected in (
        (only("shop_cross_sell", "shop_clv"), "not_in_population"),
        (only("shop_cross_sell"), "unknown"),
    ):
        (refusal,) = asyncio.run(both.by_id([ids[0]], ["shop_cross_sell"], now=NOW, may=may))
        assert isinstance(refusal, Refusal)
        assert refusal.refusal == expected


def test_a_key_for_no_model_that_is_served_is_told_so(scorer: Scorer, ids: list[str]) -> None:
    with pytest.raises(NotAllowed, match="none of the models that are served"):
        asyncio.run(scorer.by_id(ids[:1], now=NOW, may=only("other")))
    with pytest.raises(NotAllowed, match="none of the models that are served"):
        asyncio.run(bulk(scorer.snapshot, ROWS, may=only("other")))


def test_bulk_answers_in_the_order_of_the_rows_whoever_is_barred(snapshot: Snapshot, tmp_path: Any) -> None:
    store = LmdbStore(tmp_path)
    store.write("suppressed", [("b", b"opted_out")], columns=["reason"], about={})
    barring = Snapshot({"shop_segments": snapshot.models["shop_segments"]}, suppressed=store.open("suppressed"))
    results = asyncio.run(bulk(barring, ROWS)).results()
    assert [(each.customer_id, type(each)) for each in results] == [("a", Score), ("b", Refusal), ("c", Score)]


def test_marks_of_pairs_are_refused_of_customers(snapshot: Snapshot) -> None:
    marked = ROWS.append_column("eligible", pa.array([False, True, True]))
    with pytest.raises(NotFeatures, match="shop_segments is asked about customers, and the rows have marks"):
        asyncio.run(bulk(snapshot, marked, ["shop_segments"]))


@pytest.mark.parametrize("cutoff", [-(2**60), -1, 2**33 + 1, 2**60])
def test_a_cutoff_beyond_the_years_is_refused(snapshot: Snapshot, cutoff: int) -> None:
    at = pa.array([cutoff] * 3, pa.int64()).cast(pa.timestamp("s"))
    if cutoff == -1:
        assert len(asyncio.run(bulk(snapshot, ROWS.append_column("cutoff", at), ["shop_segments"])).told) == 1
        return
    with pytest.raises(NotFeatures, match="a cutoff lies outside the years 1900 to 2199"):
        asyncio.run(bulk(snapshot, ROWS.append_column("cutoff", at), ["shop_segments"]))


@pytest.mark.parametrize("cutoff", ["9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01", "1899-12-31", "2200-01-01"])
def test_a_cutoff_of_such_years_is_no_question(client: httpx.Client, cutoff: str, payload: Any, ids: list[str]) -> None:
    for body in (
        {**payload(ids[0]), "cutoff": cutoff},
        {"customer_id": "a", "features": {"spend": 1}, "cutoff": cutoff},
    ):
        answer = client.post("/v1/score/payload", json=body)
        assert answer.status_code == 400
        assert answer.json()["message"] == "a cutoff lies in the years 1900 to 2199 - at `$.cutoff`"


def _without(snapshot: Snapshot, customer_id: str) -> Live:
    """Give the model of pairs with a batch that does not hold a customer."""
    live = snapshot.models["shop_cross_sell"]
    assert live.held is not None
    return Live(live.registered, Held(_Lacking(live.held.block, customer_id), live.held.layout))  # type: ignore[arg-type]


class _Lacking:
    def __init__(self, block: Any, customer_id: str) -> None:
        self.block, self.customer_id, self.generation = block, customer_id, block.generation

    async def get(self, customer_ids: list[str]) -> list[bytes | None]:
        found = await self.block.get(customer_ids)
        return [None if each == self.customer_id else row for each, row in zip(customer_ids, found, strict=True)]


def test_whose_pairs_are_all_bought_has_nothing_to_be_offered(
    snapshot: Snapshot, ids: list[str], tmp_path: Any
) -> None:
    live = snapshot.models["shop_cross_sell"]
    assert live.held is not None
    (row,) = asyncio.run(live.rows(ids[:1]))
    assert row is not None
    matrix, _ = live.held.layout.matrix([row])
    frame = live.held.layout.frame(matrix)
    bought = frame.assign(customer_id=ids[0], eligible=0.0)
    store, about = LmdbStore(tmp_path), live.held.generation.about
    store.write(live.name, Layout(live.held.layout.columns).encode(bought), columns=live.held.layout.names, about=about)
    block = store.open(live.name)
    assert block is not None
    scorer = Scorer(Snapshot({live.name: Live(live.registered, Held.of(block))}))
    (refusal,) = asyncio.run(scorer.by_id(ids[:1], now=NOW))
    assert isinstance(refusal, Refusal)
    assert (refusal.refusal, refusal.model) == ("nothing_to_offer", live.name)
    (offers,) = asyncio.run(offers_of(scorer, OffersAsked(ids[:1]), now=NOW, may=lambda name: True))
    assert not isinstance(offers, Refusal)
    assert offers.offers == []
    assert pd.Timestamp(offers.cutoff) == live.held.cutoff
