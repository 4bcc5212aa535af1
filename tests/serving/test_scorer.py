"""The scoring object: which models answer, for whom, and what is said where one cannot."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pandas as pd
import pytest

from features.library import POPULATIONS, named
from serving.history import NotHistory
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.messages import OffersAsked, Refusal, Score
from serving.offers import NotOfPairs, offers_of
from serving.said import Results
from serving.scorer import NotAllowed, NotExplaining, Scorer, UnknownModel, anyone, chosen_of
from tests.serving.conftest import OPTED_OUT

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CUTOFF = datetime(2025, 7, 1)  # noqa: DTZ001  # local time of the data
MODELS = ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]
SALES: Mapping[str, list[Any]] = {
    "time": [pd.Timestamp("2025-01-05"), pd.Timestamp("2025-03-01")],
    "amount": [10.0, 20.0],
    "category": ["tea", "wine"],
    "discount": [0.0, 1.0],
}


def sales(**changed: list[Any] | None) -> pd.DataFrame:
    return pd.DataFrame({name: values for name, values in {**SALES, **changed}.items() if values is not None})


def by_id(scorer: Scorer, *customer_ids: str, **said: Any) -> Results:
    return asyncio.run(scorer.by_id(customer_ids, said.pop("models", None), now=said.pop("now", NOW), **said))


def by_history(scorer: Scorer, rows: pd.DataFrame, cutoff: datetime = CUTOFF, **said: Any) -> Results:
    return asyncio.run(scorer.by_history("new", rows, cutoff=cutoff, **said))


def told(results: Results) -> list[tuple[str | None, str]]:
    return [(each.model, each.refusal if isinstance(each, Refusal) else "score") for each in results]


@pytest.fixture
def altered(snapshot: Snapshot) -> Callable[..., Scorer]:
    """Make a scorer of two models, of which churn is another than it was; or of it alone."""

    def made(*, only: bool = False, **changed: Any) -> Scorer:
        churn = snapshot.models["shop_churn"]
        artifact = replace(churn.registered.artifact, **changed)
        other = Live(replace(churn.registered, artifact=artifact), churn.held)
        models = {"shop_churn": other} if only else {"shop_churn": other, "shop_clv": snapshot.models["shop_clv"]}
        return Scorer(Snapshot(models))

    return made


def test_models_are_chosen_in_the_order_named_each_once(snapshot: Snapshot) -> None:
    chosen = chosen_of(snapshot, ["shop_segments", "shop_churn", "shop_segments"])
    assert [each.name for each in chosen] == ["shop_segments", "shop_churn"]
    assert [each.name for each in chosen_of(snapshot, None)] == MODELS
    assert [each.name for each in chosen_of(snapshot, None, may=lambda name: name == "shop_clv")] == ["shop_clv"]


def test_an_unknown_model_is_refused_with_the_near_ones_that_may_be_asked(snapshot: Snapshot) -> None:
    with pytest.raises(UnknownModel, match=r"unknown model 'shop_clw'; did you mean 'shop_clv'"):
        chosen_of(snapshot, ["shop_churn", "shop_clw"])
    with pytest.raises(UnknownModel, match=r"Known: shop_churn$"):
        chosen_of(snapshot, ["x"], may=lambda name: name in ("shop_churn", "x"))


@pytest.mark.parametrize("name", ["shop_clv", "nothing"])
def test_a_model_that_may_not_be_asked_is_told_like_one_that_is_not_there(snapshot: Snapshot, name: str) -> None:
    with pytest.raises(NotAllowed, match=f"the key may not ask '{name}'"):
        chosen_of(snapshot, ["shop_churn", name], may=lambda asked: asked == "shop_churn")


def test_a_model_that_gives_no_reasons_is_refused_where_it_is_named(snapshot: Snapshot) -> None:
    with pytest.raises(NotExplaining, match="shop_clv gives no reasons"):
        chosen_of(snapshot, ["shop_clv", "shop_churn"], explain=1)
    assert [each.name for each in chosen_of(snapshot, None, explain=1)] == MODELS


def _without(live: Live, customer_ids: Sequence[str]) -> Live:
    """Give a model whose batch does not hold some customers."""

    class Fewer:
        generation = live.held.generation  # type: ignore[union-attr]  # it has a batch

        async def get(self, asked: Sequence[str]) -> list[bytes | None]:
            found = await live.rows(asked)
            return [None if each in customer_ids else row for each, row in zip(asked, found, strict=True)]

    return Live(live.registered, replace(live.held, block=Fewer()))  # type: ignore[type-var]


def test_who_is_in_one_batch_and_not_in_another(snapshot: Snapshot) -> None:
    segments = _without(snapshot.models["shop_segments"], ["C0000001"])
    scorer = Scorer(Snapshot({"shop_churn": snapshot.models["shop_churn"], "shop_segments": segments}))
    both = by_id(scorer, "C0000001", "C0000002", "x", models=["shop_segments", "shop_churn"])
    assert told(both) == [
        ("shop_churn", "score"),
        ("shop_segments", "not_in_population"),
        ("shop_segments", "score"),
        ("shop_churn", "score"),
        (None, "unknown"),
    ]
    assert told(by_id(scorer, "C0000001")) == [("shop_churn", "score")]
    assert told(by_id(scorer, "C0000001", models=["shop_segments"])) == [("shop_segments", "not_in_population")]
    assert told(by_id(scorer, "x", models=["shop_segments"])) == [(None, "unknown")]


def test_a_model_without_a_batch_says_so(snapshot: Snapshot) -> None:
    bare = Live(snapshot.models["shop_churn"].registered, None)
    scorer = Scorer(Snapshot({"shop_churn": bare, "shop_clv": snapshot.models["shop_clv"]}))
    assert told(by_id(scorer, "C0000001")) == [("shop_clv", "score")]
    (named,) = by_id(scorer, "C0000001", models=["shop_churn"])
    assert isinstance(named, Refusal)
    assert (named.refusal, named.reason) == (
        "unknown",
        "no batch of shop_churn was written yet; run `augury score shop_churn`",
    )
    assert told(by_history(scorer, sales(), models=["shop_churn"])) == [("shop_churn", "score")]


@pytest.mark.parametrize(("days", "stale"), [(1.0, False), (1.0001, True), (400, True)])
def test_features_are_stale_when_they_are_older_than_allowed(snapshot: Snapshot, days: float, stale: bool) -> None:
    scorer = Scorer(snapshot, max_age_days=1.0)
    now = datetime(2025, 12, 31, tzinfo=UTC) + timedelta(days=days)
    found = by_id(scorer, "C0000001", OPTED_OUT, "x", models=["shop_churn"], now=now)
    assert told(found) == [
        ("shop_churn", "stale_features" if stale else "score"),
        (None, "opted_out"),
        (None, "unknown"),
    ]
    assert told(by_id(Scorer(snapshot), "C0000001", models=["shop_churn"], now=now)) == [("shop_churn", "score")]


def test_age_is_told_in_the_local_time_of_the_data(snapshot: Snapshot) -> None:
    live = snapshot.models["shop_churn"]
    artifact = live.registered.artifact
    tokyo = replace(artifact, provenance={**artifact.provenance, "zone": "Asia/Tokyo"})
    there = Live(replace(live.registered, artifact=tokyo), live.held)
    now = datetime(2025, 12, 31, tzinfo=UTC)
    assert (live.age(now), there.age(now)) == (timedelta(0), timedelta(hours=9))


def test_an_answer_is_of_one_snapshot_though_another_is_taken_meanwhile(snapshot: Snapshot) -> None:
    """The store is asked for the first model, and then the scorer goes over to a snapshot without the others."""
    scorer = Scorer(snapshot)

    class Swapping:
        generation = snapshot.suppressed.generation  # type: ignore[union-attr]

        async def get(self, asked: Sequence[str]) -> list[bytes | None]:
            scorer.take(Snapshot({}))
            return [None] * len(asked)

        def verify(self) -> None:
            """All is well."""

        def close(self) -> None:
            """There is nothing to close."""

    swapping = replace(snapshot, suppressed=Swapping())
    for ask in (
        lambda: by_id(scorer, "C0000001"),
        lambda: by_history(scorer, sales()),
        lambda: asyncio.run(offers_of(scorer, OffersAsked(["C0000001"]), now=NOW, may=anyone)),
    ):
        scorer.take(swapping)
        assert len(ask()) >= 1
        assert scorer.snapshot.models == {}
    assert by_id(scorer, "C0000001") == []


def test_which_model_offers(snapshot: Snapshot) -> None:
    def ask(models: Mapping[str, Live], **said: Any) -> Any:
        asked = OffersAsked(["C0000001"], **said)
        return asyncio.run(offers_of(Scorer(Snapshot(models)), asked, now=NOW, may=anyone))

    pairs, churn = snapshot.models["shop_cross_sell"], snapshot.models["shop_churn"]
    artifact = replace(pairs.registered.artifact, name="other")
    other = Live(replace(pairs.registered, artifact=artifact), pairs.held)
    assert ask({"shop_cross_sell": pairs, "shop_churn": churn})[0].model == "shop_cross_sell"
    assert ask({"shop_cross_sell": pairs, "other": other}, model="other")[0].model == "other"
    with pytest.raises(NotOfPairs, match="several models tell of categories; name one of shop_cross_sell, other"):
        ask({"shop_cross_sell": pairs, "other": other})
    with pytest.raises(NotOfPairs, match="shop_churn tells of no categories; ask for scores"):
        ask({"shop_churn": churn}, model="shop_churn")
    with pytest.raises(UnknownModel, match="no model of categories is served"):
        ask({"shop_churn": churn})


def test_value_is_told_with_what_it_is_made_of_and_the_day_of_the_next_order(scorer: Scorer) -> None:
    """At noon too: a next order is a day."""
    noon = datetime(2025, 3, 2, 12)  # noqa: DTZ001
    (score,) = by_history(scorer, sales(), noon, models=["shop_clv"])
    assert isinstance(score, Score)
    assert score.clv == score.score
    assert score.low is not None
    assert score.high is not None
    assert 0 <= score.low < score.score < score.high
    assert score.p_alive is not None
    assert 0 < score.p_alive < 1
    assert score.next_order is not None
    assert date(2025, 3, 2) < score.next_order < date(2025, 6, 1)


def test_others_tell_nothing_of_value(scorer: Scorer) -> None:
    (score,) = by_history(scorer, sales(), models=["shop_churn"])
    assert set(msgspec.to_builtins(score)) == {
        "kind",
        "customer_id",
        "model",
        "version",
        "target",
        "horizon_days",
        "cutoff",
        "score",
    }


def test_a_payload_may_lack_what_the_named_models_do_not_read(scorer: Scorer) -> None:
    bare = sales(category=None, discount=None)
    assert told(by_history(scorer, bare, models=["shop_segments"])) == [("shop_segments", "score")]
    for model, column in (("shop_churn", "discount"), ("shop_cross_sell", "category")):
        (refusal,) = by_history(scorer, sales(**{column: None}), models=[model])
        assert isinstance(refusal, Refusal)
        assert refusal.refusal == "lacks_data"
        assert f"needs the columns ['{column}'] of transactions" in refusal.reason


def test_a_payload_without_a_column_is_scored_by_those_that_do_not_read_it(scorer: Scorer) -> None:
    found = by_history(scorer, sales(discount=None))
    assert {each.model for each in found} == {"shop_cross_sell", "shop_segments"}
    nothing = by_history(scorer, sales(discount=None), datetime(2025, 1, 4))  # noqa: DTZ001
    assert told(nothing) == [
        ("shop_churn", "lacks_data"),
        ("shop_clv", "lacks_data"),
        ("shop_cross_sell", "not_enough_history"),
        ("shop_segments", "not_enough_history"),
    ]


def test_a_negative_amount_is_refused(scorer: Scorer) -> None:
    with pytest.raises(NotHistory, match=r"transactions\.amount is negative but not marked as a return"):
        by_history(scorer, sales(amount=[1.0, -2.0]))


def test_a_population_decides_who_is_scored(altered: Callable[..., Scorer]) -> None:
    active = altered(population="active_84d", population_fingerprint=POPULATIONS["active_84d"].fingerprint)
    late, early = datetime(2025, 6, 30), datetime(2025, 3, 2)  # noqa: DTZ001
    assert told(by_history(active, sales(), late)) == [("shop_clv", "score")]
    assert told(by_history(active, sales(), early)) == [("shop_churn", "score"), ("shop_clv", "score")]
    both = by_history(active, sales(), late, models=["shop_churn", "shop_clv"])
    assert told(both) == [("shop_churn", "not_in_population"), ("shop_clv", "score")]
    assert both[0].reason == (  # type: ignore[union-attr]
        "not of the population 'active_84d' at the cutoff, by the history that came along"
    )


def test_models_of_one_grain_score_as_each_does_alone(scorer: Scorer) -> None:
    together = by_history(scorer, sales())
    assert together == [each for name in MODELS for each in by_history(scorer, sales(), models=[name])]


ANCHORED = {"population": "touched"}
"""What can be asked at a touch alone, whatever the features."""


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (ANCHORED, "shop_churn is asked at the times of 'touches', which no payload has"),
        ({**ANCHORED, "features": ["anchor.channel"]}, "shop_churn is asked at the times of 'touches'"),
        ({"features": ["anchor.channel"]}, "anchor.channel is a column of the row that asks"),
        ({"features": ["customers.age"]}, "customers.age needs the table 'customers'; the payload has transactions"),
        ({"features": ["visits_28d"]}, "visits_28d needs the table 'events'; the payload has transactions"),
        ({"population": "visitors_91d"}, "visitors_91d needs the table 'events'; the payload has transactions"),
    ],
)
def test_what_no_payload_can_tell_is_refused_and_leaves_the_others_alone(
    altered: Callable[..., Scorer], changed: dict[str, Any], reason: str
) -> None:
    declared = {each: named(each) for each in changed.get("features", ())}
    features = {"features": {name: each.fingerprint for name, each in declared.items()}} if declared else {}
    asked = POPULATIONS[changed.get("population", "known")]
    changed = {**changed, **features, "population_fingerprint": asked.fingerprint}
    both, alone = altered(**changed), altered(only=True, **changed)
    assert told(by_history(both, sales())) == [("shop_clv", "score")]
    pair = by_history(both, sales(), models=["shop_clv", "shop_churn"])
    assert told(pair) == [("shop_clv", "score"), ("shop_churn", "lacks_data")]
    for refused in (pair[1], *by_history(both, sales(), models=["shop_churn"]), *by_history(alone, sales())):
        assert isinstance(refused, Refusal)
        assert reason in refused.reason


def test_a_definition_that_has_changed_since_is_not_computed(altered: Callable[..., Scorer]) -> None:
    for changed in ({"features": {"spend": "0" * 16}}, {"population_fingerprint": "0" * 16}):
        (refused,) = by_history(altered(only=True, **changed), sales())
        assert isinstance(refused, Refusal)
        assert refused.refusal == "lacks_data"
        assert "shop_churn was trained on other definitions of" in refused.reason
