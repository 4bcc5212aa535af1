"""`train`: what a model is fitted on, what the artifact says of it, and what is refused."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from features.library import TARGETS, chosen
from models.contract import eligible
from models.estimators import MODELS, create
from training.evaluate import evaluate
from training.task import Examples, Split, Task, split
from training.train import Trained, train

TESTS = [pd.Timestamp("2024-11-10"), pd.Timestamp("2025-01-05")]
LATEST = pd.Timestamp("2024-12-08")


@pytest.fixture(scope="module")
def orders(churn: Task) -> Task:
    """Ask how often customers order within 28 days."""
    return replace(churn, target=TARGETS["orders"])


@pytest.fixture(scope="module")
def orders_data(orders: Task) -> Split:
    """Give two test cutoffs."""
    return split(orders, first=pd.Timestamp("2024-08-18"), step_days=28, test=TESTS)


def test_what_learns_from_outcomes_is_fitted_on_the_closed_cutoffs(
    churn: Task, churn_data: Split, trained: Trained
) -> None:
    by_hand = create("boosted", kind="binary", rounds=25, seed=0).fit(churn_data.train.X, churn_data.train.y)
    assert trained.artifact.model.state() == by_hand.state()
    assert trained.artifact.trained_to == LATEST
    unknown = Split(churn_data.train, replace(churn_data.test, y=1 - churn_data.test.y))
    again = train("small_churn", churn, unknown, model="boosted", params={"rounds": 25})
    assert again.artifact.id == trained.artifact.id
    assert (again.scored["actual"] != trained.scored["actual"]).all()


def test_what_learns_from_the_past_is_fitted_on_the_first_test_cutoff(orders: Task, orders_data: Split) -> None:
    made = train("orders", orders, orders_data, model="bgnbd")
    X, y = orders_data.test.X, orders_data.test.y
    first = X["cutoff"] == TESTS[0]
    assert made.artifact.model.state() == create("bgnbd", horizon_days=28).fit(X[first], y[first]).state()
    assert made.artifact.model.state() != create("bgnbd", horizon_days=28).fit(X, y).state()
    assert made.artifact.trained_to == TESTS[0]
    assert sorted(made.scored["cutoff"].unique()) == TESTS
    assert {name for name, model in MODELS.items() if model.learns == "past"} == {
        "bgnbd",
        "clv",
        "gamma_gamma",
        "segments",
    }


def test_the_artifact_says_what_it_is(churn: Task, trained: Trained) -> None:
    artifact = trained.artifact
    assert (artifact.name, artifact.dataset, artifact.population) == ("small_churn", "small", "known")
    assert (artifact.target, artifact.kind, artifact.horizon_days) == ("churned", "binary", 28)
    assert artifact.features == {each.name: each.fingerprint for each in churn.features}
    assert (list(artifact.categories), artifact.model_name) == ([], "boosted")
    assert artifact.provenance == {"data": churn.history.fingerprint, "zone": "UTC"}


def test_where_it_comes_from_is_written_beside_the_data(churn: Task, churn_data: Split) -> None:
    made = train("t", churn, churn_data, model="base_rate", provenance={"commit": "abc"})
    assert made.artifact.provenance == {"data": churn.history.fingerprint, "zone": "UTC", "commit": "abc"}


def test_its_profile_counts_the_latest_training_cutoff(churn: Task, churn_data: Split, trained: Trained) -> None:
    X = churn_data.train.X
    latest = X[X["cutoff"] == LATEST]
    assert list(trained.artifact.profile) == [*(each.name for each in churn.features), "score"]
    columns = latest.assign(score=trained.artifact.model.predict(latest))
    for name, cells in trained.artifact.profile.items():
        present = columns[name].dropna()
        bounds = [-np.inf, *cells.edges, np.inf]
        expected = [((low < present) & (present <= high)).sum() for low, high in pairwise(bounds)]
        assert cells.counts.tolist() == expected
        assert cells.missing == len(latest) - len(present)


def test_pairs_are_scored_and_profiled_where_they_are_asked_about(pairs: Task, pairs_data: Split) -> None:
    made = train("sold", pairs, pairs_data, model="cross_sell", params={"rounds": 5})
    asked = eligible(pairs_data.test.X)
    assert len(made.scored) == asked.sum() < len(asked)
    assert list(made.scored.columns) == ["customer_id", "cutoff", "category", "actual", "score"]
    assert made.scored["actual"].tolist() == pairs_data.test.y[asked].tolist()
    latest = pairs_data.train.X[pairs_data.train.X["cutoff"] == LATEST]
    assert {cells.rows for cells in made.artifact.profile.values()} == {latest["eligible"].sum()}
    assert made.artifact.categories == pairs.categories
    assert "map_at_5" in set(made.metrics["metric"])


def test_predictions_stand_beside_what_came_and_are_what_is_measured(churn_data: Split, trained: Trained) -> None:
    assert trained.scored["customer_id"].tolist() == churn_data.test.X["customer_id"].tolist()
    assert trained.scored["actual"].tolist() == churn_data.test.y.tolist()
    assert trained.scored["score"].tolist() == trained.artifact.model.predict(churn_data.test.X).tolist()
    pd.testing.assert_frame_equal(trained.metrics, evaluate(trained.scored, kind="binary", seed=0))
    assert 0 < trained.seconds < 60


def test_the_seed_and_the_parameters_reach_the_model(churn: Task, churn_data: Split) -> None:
    given = {"rounds": 7, "depth": 2}
    made = train("t", churn, churn_data, model="boosted", params=given, seed=5).artifact.model.get_params()
    assert {key: made[key] for key in (*given, "seed", "kind")} == {**given, "seed": 5, "kind": "binary"}
    own = train("t", churn, churn_data, model="boosted", params={**given, "seed": 9}, seed=5)
    assert own.artifact.model.get_params()["seed"] == 9


def test_segments_are_described_rather_than_predicted(churn: Task, churn_data: Split) -> None:
    made = train("sorts", replace(churn, target=None, horizon_days=0), churn_data, model="segments", params={"k": 3})
    assert (made.artifact.target, made.artifact.kind, made.artifact.horizon_days) == ("", "none", 0)
    assert set(made.metrics["metric"]) >= {"silhouette", "smallest_share", "bootstrap_ari"}
    assert set(made.scored["score"]) <= {0.0, 1.0, 2.0}


def test_what_does_not_fit_together_is_told(churn: Task, churn_data: Split) -> None:
    described = replace(churn, target=None, horizon_days=0)
    with pytest.raises(
        ValueError, match="model 'bgnbd' predicts count, not the binary 'churned'; choose another model"
    ):
        train("t", churn, churn_data, model="bgnbd")
    with pytest.raises(ValueError, match="model 'boosted' predicts binary, count, amount, not no target"):
        train("t", described, churn_data, model="boosted")
    few = replace(churn, features=chosen(["frequency"]))
    lacking = Split(
        Examples(churn_data.train.X[["customer_id", "cutoff", "frequency"]], churn_data.train.y), churn_data.test
    )
    with pytest.raises(
        ValueError,
        match=r"model 'rfm_logistic' needs the features \['days_since_last', 'purchase_days', 'mean_day_spend'\]; "
        "add them to the study's features",
    ):
        train("t", few, lacking, model="rfm_logistic")
    with pytest.raises(LookupError, match="unknown model 'bosted'; did you mean 'boosted'"):
        train("t", churn, churn_data, model="bosted")
    with pytest.raises(ValueError, match=r"model 'boosted' has no parameter \['tress'\]; it has"):
        train("t", churn, churn_data, model="boosted", params={"tress": 3})
