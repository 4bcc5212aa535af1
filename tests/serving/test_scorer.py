"""The scoring object: which models answer, for whom, and what cannot be scored."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from features.library import FEATURES, POPULATIONS, named
from models.artifact import ArtifactError
from serving.messages import Score
from serving.scorer import NotScorable, Scorer, Served, UnknownCustomer, UnknownModel

CUTOFF = pd.Timestamp("2025-07-01")
SALES: Mapping[str, list[Any]] = {
    "time": [pd.Timestamp("2025-01-05"), pd.Timestamp("2025-03-01")],
    "amount": [10.0, 20.0],
    "category": ["tea", "wine"],
    "discount": [0.0, 1.0],
}


def _sales(**changed: list[Any] | None) -> pd.DataFrame:
    return pd.DataFrame({name: values for name, values in {**SALES, **changed}.items() if values is not None})


@pytest.fixture
def altered(scorer: Scorer) -> Callable[..., Scorer]:
    """Make a scorer whose churn model is another, or has no batch."""

    def made(*, lookup: bool = True, only: bool = False, **changed: Any) -> Scorer:
        churn = scorer.served["shop_churn"]
        registered = replace(churn.registered, artifact=replace(churn.registered.artifact, **changed))
        other = Served(registered, churn.lookup if lookup else None)
        return Scorer([other] if only else [other, scorer.served["shop_clv"]])

    return made


def test_models_are_chosen_in_the_order_named_each_once(scorer: Scorer) -> None:
    named = ["shop_segments", "shop_churn", "shop_segments"]
    assert [each.registered.artifact.name for each in scorer.chosen(named)] == ["shop_segments", "shop_churn"]
    assert [each.registered.artifact.name for each in scorer.chosen(None)] == list(scorer.served)


def test_an_unknown_model_is_refused_with_the_near_ones(scorer: Scorer) -> None:
    with pytest.raises(UnknownModel, match=r"unknown model 'shop_clw'; did you mean 'shop_clv'"):
        scorer.by_id(["C0000001"], ["shop_churn", "shop_clw"])
    with pytest.raises(UnknownModel, match=r"Known: shop_churn, shop_clv, shop_cross_sell, shop_segments"):
        scorer.by_payload("a", _sales(), cutoff=CUTOFF, models=["x"])


def test_scores_say_target_and_horizon(scorer: Scorer) -> None:
    scores = scorer.by_id(["C0000001"]).drop_duplicates("model").set_index("model")
    assert scores["target"].to_dict() == {
        "shop_churn": "churned",
        "shop_clv": "future_spend",
        "shop_cross_sell": "bought_category",
        "shop_segments": "",
    }
    assert scores["horizon_days"].to_dict() == dict.fromkeys(scores.index, 91) | {"shop_segments": 0}


def test_nobody_unknown_is_scored(scorer: Scorer) -> None:
    with pytest.raises(
        UnknownCustomer, match=r"customer 'x' is not in the latest batch of shop_churn, shop_clv, shop_c"
    ):
        scorer.by_id(["C0000001", "x"])


def test_without_named_models_those_answer_that_know_the_customer(altered: Callable[..., Scorer]) -> None:
    half = altered(lookup=False)
    assert half.by_id(["C0000001"])["model"].tolist() == ["shop_clv"]
    assert half.by_id(["C0000001"], ["shop_clv"])["model"].tolist() == ["shop_clv"]


def test_a_named_model_without_a_batch_knows_nobody(altered: Callable[..., Scorer]) -> None:
    with pytest.raises(UnknownCustomer, match=r"customer 'C0000001' is not in the latest batch of shop_churn;"):
        altered(lookup=False).by_id(["C0000001"], ["shop_churn", "shop_clv"])
    with pytest.raises(UnknownCustomer, match=r"latest batch of shop_churn;"):
        altered(lookup=False, only=True).by_id(["C0000001"])


def test_a_scorer_of_changed_definitions_is_not_made(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FEATURES, "gap_std", replace(FEATURES["gap_std"], empty=0.0))
    with pytest.raises(ArtifactError, match=r"shop_churn was trained on other definitions of \['gap_std'\]"):
        Scorer(scorer.served.values())


def test_a_payload_is_scored_by_everyone(scorer: Scorer) -> None:
    scores = scorer.by_payload("new", _sales(), cutoff=CUTOFF)
    assert scores["model"].drop_duplicates().tolist() == list(scorer.served)
    assert set(scores["customer_id"]) == {"new"}
    assert set(scores["cutoff"]) == {CUTOFF}
    offered = scores[scores["model"] == "shop_cross_sell"]
    assert "wine" not in set(offered["category"])  # bought 122 days ago
    assert "tea" not in set(offered["category"])  # and 177
    assert offered["score"].is_monotonic_decreasing


def test_value_is_told_with_what_it_is_made_of_and_the_day_of_the_next_order(scorer: Scorer) -> None:
    """At noon too: a next order is a day."""
    noon = pd.Timestamp("2025-03-02 12:00")
    (row,) = scorer.by_payload("new", _sales(), cutoff=noon, models=["shop_clv"]).to_dict("records")
    told = Score.model_validate({str(key): each for key, each in row.items()})
    assert told.clv == told.score
    assert told.low is not None
    assert told.high is not None
    assert 0 <= told.low < told.score < told.high
    assert told.p_alive is not None
    assert 0 < told.p_alive < 1
    assert told.next_order is not None
    assert date(2025, 3, 2) < told.next_order < date(2025, 6, 1)
    assert told.flags is not None


def test_others_tell_nothing_of_value(scorer: Scorer) -> None:
    (row,) = scorer.by_payload("new", _sales(), cutoff=CUTOFF, models=["shop_churn"]).to_dict("records")
    told = Score.model_validate({str(key): each for key, each in row.items()})
    assert told.model_dump(exclude_none=True).keys() == {
        "customer_id",
        "model",
        "version",
        "target",
        "horizon_days",
        "cutoff",
        "score",
    }


def test_a_payload_may_lack_what_the_named_models_do_not_read(scorer: Scorer) -> None:
    bare = _sales(category=None, discount=None)
    assert len(scorer.by_payload("new", bare, cutoff=CUTOFF, models=["shop_segments"])) == 1
    with pytest.raises(NotScorable, match=r"discount_share needs the columns \['discount'\] of transactions"):
        scorer.by_payload("new", _sales(discount=None), cutoff=CUTOFF, models=["shop_churn"])
    with pytest.raises(NotScorable, match=r"needs the columns \['category'\] of transactions"):
        scorer.by_payload("new", _sales(category=None), cutoff=CUTOFF, models=["shop_cross_sell"])


@pytest.mark.parametrize("model", ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"])
@pytest.mark.parametrize("cutoff", ["2025-01-04", "2025-01-05", "1999-01-01"])
def test_nobody_is_scored_before_the_first_purchase(scorer: Scorer, model: str, cutoff: str) -> None:
    with pytest.raises(NotScorable, match=f"'new' is not among those whom {model} is asked about at {cutoff}"):
        scorer.by_payload("new", _sales(), cutoff=pd.Timestamp(cutoff), models=[model])


def test_returns_alone_make_no_customer(scorer: Scorer) -> None:
    returned = _sales(amount=[-1.0, -2.0], is_return=[True, True])
    with pytest.raises(NotScorable, match="no purchase that came along makes them so"):
        scorer.by_payload("new", returned, cutoff=CUTOFF)


def test_a_negative_amount_is_refused(scorer: Scorer) -> None:
    with pytest.raises(NotScorable, match=r"transactions\.amount is negative but not marked as a return"):
        scorer.by_payload("new", _sales(amount=[1.0, -2.0]), cutoff=CUTOFF)


def test_a_population_decides_who_is_scored(altered: Callable[..., Scorer]) -> None:
    active = altered(population="active_84d", population_fingerprint=POPULATIONS["active_84d"].fingerprint)
    late, early = pd.Timestamp("2025-06-30"), pd.Timestamp("2025-03-02")
    assert active.by_payload("new", _sales(), cutoff=late)["model"].tolist() == ["shop_clv"]
    assert active.by_payload("new", _sales(), cutoff=early)["model"].tolist() == ["shop_churn", "shop_clv"]
    with pytest.raises(NotScorable, match="not among those whom shop_churn, shop_clv is asked about at 2025-06-30"):
        active.by_payload("new", _sales(), cutoff=late, models=["shop_churn", "shop_clv"])


def test_models_of_one_grain_score_as_each_does_alone(scorer: Scorer) -> None:
    together = scorer.by_payload("new", _sales(), cutoff=CUTOFF)
    alone = [scorer.by_payload("new", _sales(), cutoff=CUTOFF, models=[name]) for name in scorer.served]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True), check_exact=True)


ANCHORED = {"population": "touched", "population_fingerprint": POPULATIONS["touched"].fingerprint}
"""What can be asked at a touch alone, whatever the features."""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (ANCHORED, "shop_churn is asked at the times of 'touches', which no payload has"),
        ({**ANCHORED, "features": ["anchor.channel"]}, "shop_churn is asked at the times of 'touches'"),
        ({"features": ["anchor.channel"]}, "anchor.channel is a column of the row that asks"),
        ({"features": ["customers.age"]}, "customers.age needs the table 'customers'; the payload has transactions"),
        ({"features": ["visits_28d"]}, "visits_28d needs the table 'events'; the payload has transactions"),
        ({"population": "visitors_91d"}, "visitors_91d needs the table 'events'; the payload has transactions"),
    ],
)
def test_what_no_payload_can_tell_is_skipped_or_refused_and_leaves_the_others_alone(
    altered: Callable[..., Scorer], changed: dict[str, Any], told: str
) -> None:
    declared = {each: named(each) for each in changed.get("features", ())}
    features = {"features": {name: each.fingerprint for name, each in declared.items()}} if declared else {}
    asked = POPULATIONS[changed.get("population", "known")]
    changed = {**changed, **features, "population_fingerprint": asked.fingerprint}
    both, alone = altered(**changed), altered(only=True, **changed)
    assert both.by_payload("new", _sales(), cutoff=CUTOFF)["model"].tolist() == ["shop_clv"]
    for scorer, models in ((both, ["shop_clv", "shop_churn"]), (both, ["shop_churn"]), (alone, None)):
        with pytest.raises(NotScorable, match=told):
            scorer.by_payload("new", _sales(), cutoff=CUTOFF, models=models)


def test_a_payload_without_a_column_is_scored_by_those_that_do_not_read_it(scorer: Scorer) -> None:
    scores = scorer.by_payload("new", _sales(discount=None), cutoff=CUTOFF)
    assert scores["model"].drop_duplicates().tolist() == ["shop_cross_sell", "shop_segments"]
    with pytest.raises(NotScorable, match="those whom shop_cross_sell, shop_segments is asked about at 2025-01-04"):
        scorer.by_payload("new", _sales(discount=None), cutoff=pd.Timestamp("2025-01-04"))
