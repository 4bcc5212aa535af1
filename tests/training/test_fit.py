"""`fit`: what a model is fitted on, what it says of the test, and what is refused."""

from dataclasses import replace

import pandas as pd
import pytest

from features.library import TARGETS, chosen
from models.calibration import Calibration
from models.contract import eligible
from models.estimators import MODELS, create
from tests.training.made import DAY, LAST, examples, rolled
from training.fit import fit
from training.splits import Split
from training.task import Task


def test_what_learns_from_outcomes_is_fitted_on_the_training_rows(churn: Task, churn_data: Split) -> None:
    made = fit(churn, churn_data, model="boosted", params={"rounds": 9})
    by_hand = create("boosted", kind="binary", rounds=9, seed=0).fit(churn_data.train.X, churn_data.train.y)
    assert made.model.state() == by_hand.state()
    assert made.learned is churn_data.train
    assert (made.model_name, made.split) == ("boosted", churn_data)
    assert made.calibrations == {"none": Calibration()}
    blind = replace(churn_data, test=replace(churn_data.test, y=1 - churn_data.test.y))
    again = fit(churn, blind, model="boosted", params={"rounds": 9}, calibration="choose")
    assert again.model.state() == by_hand.state()
    assert set(again.calibrations) == {"none", "sigmoid"}
    assert (again.scored["actual"] != made.scored["actual"]).all()


def test_what_learns_from_the_past_is_fitted_on_the_customers_it_is_asked_about(churn: Task, churn_data: Split) -> None:
    orders = replace(churn, target=TARGETS["orders"])
    made = fit(orders, churn_data, model="bgnbd", params={})
    X, y = churn_data.test.X, churn_data.test.y
    assert made.model.state() == create("bgnbd", horizon_days=28).fit(X, y).state()
    assert {name for name, model in MODELS.items() if model.learns == "both"} == {"clv_blend"}
    assert {name for name, model in MODELS.items() if model.learns == "past"} == {
        "bgbb",
        "bgnbd",
        "clv",
        "gamma_gamma",
        "mbgnbd",
        "no_purchase",
        "pareto_nbd",
        "segments",
    }


def test_the_past_of_several_cutoffs_is_that_of_the_first(churn: Task, said: None) -> None:
    """Rows that ask at times of their own: those at the earliest of them are known at all of them."""
    test = examples([LAST, LAST + DAY, LAST + 2 * DAY], rows=50)
    split = replace(rolled(origins=1).final, test=test)
    made = fit(churn, split, model="past", params={"scaled": True})
    first = test.X["cutoff"] == LAST
    pd.testing.assert_frame_equal(made.learned.X, test.X[first].reset_index(drop=True))
    assert made.model.state()["rate"] == test.y[first].mean() != test.y.mean()
    assert len(made.scored) == 150


def test_predictions_stand_beside_what_came(churn: Task, churn_data: Split) -> None:
    made = fit(churn, churn_data, model="boosted", params={"rounds": 5}, calibration="choose")
    assert list(made.scored.columns) == ["customer_id", "cutoff", "part", "actual", "score"]
    assert made.scored["customer_id"].tolist() == churn_data.test.X["customer_id"].tolist()
    assert made.scored["actual"].tolist() == churn_data.test.y.tolist()
    assert made.scored["score"].tolist() == made.model.predict(churn_data.test.X).tolist()  # not calibrated yet
    assert set(made.scored["part"]) == {"2025-01-05"}


def test_only_pairs_that_are_asked_about_are_scored(pairs: Task, pairs_data: Split) -> None:
    made = fit(pairs, pairs_data, model="popularity", params={})
    asked = eligible(pairs_data.test.X)
    assert list(made.scored.columns) == ["customer_id", "cutoff", "category", "part", "actual", "score"]
    assert len(made.scored) == asked.sum() < len(asked)
    assert made.scored["actual"].tolist() == pairs_data.test.y[asked].tolist()
    assert made.scored["score"].tolist() == made.model.predict(pairs_data.test.X)[asked].tolist()


def test_counts_and_amounts_are_not_calibrated(churn: Task, churn_data: Split) -> None:
    spend = replace(churn, target=TARGETS["future_spend"])
    assert set(fit(spend, churn_data, model="base_rate", params={}, calibration="choose").calibrations) == {"none"}


def test_the_seed_the_setting_and_the_parameters_reach_the_model(churn: Task, churn_data: Split) -> None:
    given = {"rounds": 7, "depth": 2}
    made = fit(churn, churn_data, model="boosted", params=given, seed=5).model.get_params()
    assert {key: made[key] for key in (*given, "seed", "kind")} == {**given, "seed": 5, "kind": "binary"}
    own = fit(churn, churn_data, model="boosted", params={**given, "seed": 9}, seed=5)
    assert own.model.get_params()["seed"] == 9
    past = fit(churn, churn_data, model="no_purchase", params={})
    assert past.model.get_params()["horizon_days"] == 28


def test_models_of_the_past_leave_out_no_lead(churn: Task, churn_data: Split) -> None:
    """They tell of the days from the cutoff on; whoever would judge them by later ones is told."""
    later = replace(churn, lead_days=7)
    words = r"tells of the 28 days from the cutoff on and cannot leave out the first 7 \(lead_days\)"
    with pytest.raises(ValueError, match="'no_purchase' " + words):
        fit(later, churn_data, model="no_purchase", params={})
    for name in ("clv", "clv_blend"):
        with pytest.raises(ValueError, match=f"'{name}' " + words):
            fit(replace(later, target=TARGETS["future_spend"]), churn_data, model=name, params={})
    for name in ("bgnbd", "mbgnbd", "pareto_nbd", "bgbb"):
        with pytest.raises(ValueError, match=f"'{name}' " + words):
            fit(replace(later, target=TARGETS["orders"]), churn_data, model=name, params={})


def test_value_of_contribution_is_none_of_spend(churn: Task, churn_data: Split) -> None:
    spend = replace(churn, target=TARGETS["future_spend"])
    for params in ({"margin": 0.3}, {"margin_from": "spend"}, {"cost_per_year": 2.0}):
        with pytest.raises(ValueError, match="'clv' tells of future_contribution, future_margin alone, not of 'future"):
            fit(spend, churn_data, model="clv", params=params)


def test_what_does_not_fit_together_is_told(churn: Task, churn_data: Split) -> None:
    described = replace(churn, target=None, horizon_days=0)
    with pytest.raises(
        ValueError, match="model 'bgnbd' predicts count, not the binary 'churned'; choose another model or target"
    ):
        fit(churn, churn_data, model="bgnbd", params={})
    with pytest.raises(
        ValueError, match="model 'boosted' predicts binary, count, amount, not no target; choose another"
    ):
        fit(described, churn_data, model="boosted", params={})
    with pytest.raises(ValueError, match="model 'segments' predicts none, not the binary 'churned'"):
        fit(churn, churn_data, model="segments", params={})
    with pytest.raises(LookupError, match="unknown model 'bosted'; did you mean 'boosted'"):
        fit(churn, churn_data, model="bosted", params={})
    with pytest.raises(ValueError, match=r"model 'boosted' has no parameter \['tress'\]; it has"):
        fit(churn, churn_data, model="boosted", params={"tress": 3})


def test_a_model_of_one_question_answers_no_other(churn: Task, churn_data: Split) -> None:
    other = replace(churn, target=TARGETS["redeemed"])
    with pytest.raises(
        ValueError, match="model 'no_purchase' tells of churned alone, not of 'redeemed'; choose another model"
    ):
        fit(other, churn_data, model="no_purchase", params={})


def test_texts_are_refused_by_models_that_need_numbers(churn: Task, churn_data: Split, said: None) -> None:
    told = replace(churn, features=chosen(["spend", "top_category"]))
    with pytest.raises(
        ValueError,
        match=r"the features \['top_category'\] are texts, which model 'said' cannot use; leave them out, ask "
        "for one of their values as COLUMN=VALUE, or choose a model that takes text",
    ):
        fit(told, churn_data, model="said", params={})
    for model in ("base_rate", "rfm_logistic"):  # one takes texts, the other looks at the features that it needs alone
        fit(told, churn_data, model=model, params={})


def test_features_that_a_model_needs_are_named(churn: Task, churn_data: Split) -> None:
    few = churn_data.train.X[["customer_id", "cutoff", "frequency"]]
    lacking = replace(churn_data, train=replace(churn_data.train, X=few))
    with pytest.raises(
        ValueError,
        match=r"model 'rfm_logistic' needs the features \['days_since_last', 'purchase_days', 'mean_day_spend'\]; "
        "add them to the study's features",
    ):
        fit(churn, lacking, model="rfm_logistic", params={})
