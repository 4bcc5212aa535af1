"""Challengers in the shadow: compared, counted and logged, and never returned."""

import asyncio
import logging
import time
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from serving import shadow as module
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.scorer import Scorer
from serving.shadow import SOME, WAITING, Compared, Shadow

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CHURN = "shop_churn"


def challenger(live: Live, add: float) -> Live:
    """Make a challenger whose scores are higher than the champion's."""
    artifact, model = live.registered.artifact, copy(live.registered.artifact.model)

    def predict_rows(self: Any, values: Any) -> Any:
        if add != add:
            raise ZeroDivisionError("geheim")
        return super(type(self), self).predict_rows(values) + add

    model.__class__ = type("Off", (type(model),), {"predict_rows": predict_rows})
    changed = replace(artifact, model=model, provenance={**artifact.provenance, "note": "challenger"})
    return Live(replace(live.registered, artifact=changed, version="2"), live.held)


def beside(snapshot: Snapshot, add: float) -> Snapshot:
    """Put a challenger beside the champion of churn."""
    return replace(snapshot, challengers={CHURN: challenger(snapshot.models[CHURN], add)})


class Told:
    """Collects comparisons."""

    def __init__(self, **said: Any) -> None:
        self.compared: list[Compared] = []
        self.shadow = Shadow(share=said.pop("share", 1.0), told=self.compared.append, **said)

    def wait(self, count: int) -> list[Compared]:
        """Wait for so many."""
        deadline = time.monotonic() + 5
        while len(self.compared) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.15)
        assert len(self.compared) == count
        return self.compared


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.shadow.close()


def _ask(snapshot: Snapshot, shadow: Shadow | None, *customer_ids: str, models: list[str] | None = None) -> Any:
    scorer = Scorer(snapshot, shadow=shadow)
    return asyncio.run(scorer.by_id(customer_ids, models or [CHURN], now=NOW))


def test_what_it_says_is_compared_and_never_returned(snapshot: Snapshot, told: Told, ids: list[str]) -> None:
    alone = _ask(snapshot, None, *ids[:3], "nobody")
    assert _ask(beside(snapshot, 0.25), told.shadow, *ids[:3], "nobody") == alone
    found = told.wait(3)
    scores = [each.score for each in alone[:3]]
    assert [each.score for each in found] == scores
    artifact = snapshot.models[CHURN].registered.artifact
    assert artifact.calibration.apply is not None
    for each in found:
        assert (each.model, each.champion, each.challenger, each.category) == (CHURN, "1", "2", None)
        assert each.shadow > each.score
    assert not [each for each in found if each.customer in ids]
    assert len({each.customer for each in found}) == 3


def test_the_same_customer_has_the_same_hash_within_a_process_alone(snapshot: Snapshot, ids: list[str]) -> None:
    hashes = []
    for _ in range(2):
        told = Told()
        for _ in range(2):
            _ask(beside(snapshot, 0.1), told.shadow, ids[0])
        hashes.append({each.customer for each in told.wait(2)})
        told.shadow.close()
    assert [len(each) for each in hashes] == [1, 1]
    assert hashes[0] != hashes[1]


def test_pairs_are_compared_by_category(snapshot: Snapshot, told: Told, ids: list[str]) -> None:
    live = snapshot.models["shop_cross_sell"]
    artifact = replace(live.registered.artifact, provenance={"note": "challenger"})
    other = Live(replace(live.registered, artifact=artifact, version="2"), live.held)
    shadowed = replace(snapshot, challengers={"shop_cross_sell": other})
    alone = _ask(shadowed, told.shadow, ids[0], models=["shop_cross_sell"])
    found = told.wait(len(alone))
    assert [(each.category, each.score) for each in found] == [(each.category, each.score) for each in alone]
    assert all(each.shadow == each.score for each in found)


def test_only_the_very_same_batch_is_compared(snapshot: Snapshot, told: Told, ids: list[str]) -> None:
    other = challenger(snapshot.models[CHURN], 0.1)
    assert other.held is not None
    moved = Live(other.registered, replace(other.held))
    _ask(replace(snapshot, challengers={CHURN: moved}), told.shadow, ids[0])
    told.wait(0)


def test_none_or_some_of_the_requests(snapshot: Snapshot, ids: list[str]) -> None:
    none, some = Told(share=0.0), Told(share=0.5)
    for told in (none, some):
        for _ in range(40):
            _ask(beside(snapshot, 0.1), told.shadow, ids[0])
    time.sleep(0.5)
    none.wait(0)
    assert 8 <= len(some.compared) <= 32
    none.shadow.close()
    some.shadow.close()


def test_so_many_customers_of_a_request_and_no_more(snapshot: Snapshot, told: Told, ids: list[str]) -> None:
    _ask(beside(snapshot, 0.1), told.shadow, *ids)
    told.wait(SOME)


def test_one_that_fails_leaves_the_champions_answer_alone_and_says_no_value(
    snapshot: Snapshot, told: Told, ids: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        failing = _ask(beside(snapshot, float("nan")), told.shadow, ids[0])
        told.wait(0)
    assert failing == _ask(snapshot, None, ids[0])
    assert caplog.messages == ["a challenger could not score: ZeroDivisionError"]
    _ask(beside(snapshot, 0.1), told.shadow, ids[0])
    told.wait(1)


def test_more_than_may_wait_are_dropped_and_counted(
    snapshot: Snapshot, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 60)
    told = Told()
    for _ in range(WAITING + 7):
        _ask(beside(snapshot, 0.1), told.shadow, ids[0])
    assert told.shadow.dropped == 7
    told.shadow.close()
