"""`judge`: models side by side, the champion by the mean over the parts, leaks, and the refusal of what is unfit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.concepts import concepts_of
from models.metrics import METRICS
from models.reasons import importance
from tests.training.made import LAST, rolled
from training.backtest import Backtested, backtest
from training.evaluate import POOLED
from training.fit import NotFitted
from training.grade import NotFitForUse, grade
from training.judge import best, judge
from training.leaks import Leaking
from training.splits import Split, Splits
from training.task import Examples, Task


def each(splits: Splits, change: Callable[[Examples], Examples]) -> Splits:
    parts = tuple(replace(part, train=change(part.train), test=change(part.test)) for part in splits.parts)
    return Splits(parts, parts[-1])


def turns(data: Examples) -> Examples:
    """Add a column that is right until the latest origin and one that is right from then on, and half right else."""
    latest = data.X["cutoff"] >= LAST
    half = 0.7 * data.X["p"] + 0.3 * data.X["noise"]
    early, late = data.X["p"].where(~latest, data.X["noise"]), data.X["p"].where(latest, half)
    return replace(data, X=data.X.assign(early=early, late=late))


SIDES: dict[str, dict[str, Any]] = {"said": {"column": "early"}, "past": {"column": "late"}}


def test_the_champion_is_best_in_the_mean_and_not_in_one_part(churn: Task, said: None) -> None:
    splits = each(rolled(origins=4, rows=1500), turns)
    made = judge("t", churn, splits, models=SIDES, calibration="none")
    ranked = {
        model: [METRICS["roc_auc"](part.test.y, part.test.X[params["column"]]) for part in splits.parts]
        for model, params in SIDES.items()
    }
    assert sum(a > b for a, b in zip(ranked["said"], ranked["past"], strict=True)) == 3
    assert np.mean(ranked["said"]) < np.mean(ranked["past"])
    assert made.champion == "past"
    assert made.best is made.models["past"]
    assert list(made.models) == ["said", "past"]
    two = Splits(splits.parts[1:3], splits.final)
    assert best({m: backtest("t", churn, two, model=m, params=SIDES[m]) for m in SIDES}, kind="binary") == "said"


def numbers(*values: float, pooled: float = 0.9) -> Backtested:
    told = [(f"part {number}", "roc_auc", value) for number, value in enumerate(values)]
    rows = [*told, (POOLED, "roc_auc", pooled), ("part 0", "brier", 9.0)]
    empty: Any = None
    metrics = pd.DataFrame(rows, columns=["part", "metric", "value"])
    return Backtested("m", empty, (), pd.DataFrame(), metrics, "none", {}, 0.0)


def test_of_equal_models_the_first_is_the_champion_and_an_undefined_one_is_none() -> None:
    assert best({"a": numbers(0.7, 0.8), "b": numbers(0.8, 0.7, pooled=0.95)}, kind="binary") == "a"
    assert best({"b": numbers(0.8, 0.7), "a": numbers(0.7, 0.8)}, kind="binary") == "b"
    assert best({"a": numbers(np.nan, np.nan), "b": numbers(0.1, 0.1)}, kind="binary") == "b"
    assert best({"a": numbers(0.7, 0.7), "b": numbers(np.nan, 0.8)}, kind="binary") == "b"


def test_a_champion_that_is_named_is_respected(churn: Task, said: None) -> None:
    splits = each(rolled(rows=1200), turns)
    for champion, baseline in (("past", "said"), ("said", "past")):
        made = judge("t", churn, splits, models=SIDES, champion=champion, baseline=baseline)
        assert (made.champion, made.baseline) == (champion, baseline)
        assert made.best is made.models[champion]
    told: list[str] = []
    with pytest.raises(ValueError, match="the champion 'boosted' is none of the models said, past"):
        judge("t", churn, splits, models=SIDES, champion="boosted", told=told.append)
    assert told == []


def test_models_are_judged_as_they_would_be_alone(churn: Task, churn_splits: Splits, trained: Backtested) -> None:
    told: list[str] = []
    models: dict[str, dict[str, Any]] = {"base_rate": {}, "boosted": {"rounds": 25}}
    made = judge("small_churn", churn, churn_splits, models=models, baseline="base_rate", told=told.append)
    assert told == ["train base_rate", "train boosted"]
    assert made.champion == "boosted"
    assert made.best.artifact.id == trained.artifact.id
    pd.testing.assert_frame_equal(made.best.scored, trained.scored)
    assert made.grade == grade(trained, kind="binary", baseline=made.models["base_rate"])
    assert "from that of base_rate" in made.grade.checks[1].told
    assert made.leaks == ()
    unheld = judge("small_churn", churn, churn_splits, models=models)
    assert unheld.baseline is None
    assert unheld.grade.checks[1].told == "there is no simpler model that it could be held against"


def test_importance_is_the_mean_over_the_parts_and_its_range(
    churn: Task, churn_splits: Splits, trained: Backtested
) -> None:
    """By hand from each part's model on its own test rows."""
    made = judge("small_churn", churn, churn_splits, models={"boosted": {"rounds": 25}}).importance
    shares: dict[str, list[float]] = {}
    for part in trained.parts:
        model: Any = part.model
        terms = model.contributions(part.split.test.X)
        table = importance(terms, model.features_, concepts=concepts_of(model.features_))
        for row in table[table["level"] == "feature"].itertuples():
            shares.setdefault(str(row.name), []).append(float(str(row.share)))
    features = made[made["level"] == "feature"].set_index("name")
    assert set(features.index) == set(shares) == {declared.name for declared in churn.features}
    for name, values in shares.items():
        assert len(values) == 3
        assert features.loc[name, "mean"] == pytest.approx(np.mean(values))
    assert features["mean"].sum() == pytest.approx(1)
    assert judge("t", churn, churn_splits, models={"base_rate": {}, "boosted": {"rounds": 3}}).importance is not None


def test_a_model_that_is_no_sum_has_no_importance(churn: Task, said: None) -> None:
    assert judge("t", churn, rolled(), models={"said": {}}).importance.empty


def test_too_few_data_are_refused_before_any_model_is_made(churn: Task, said: None) -> None:
    told: list[str] = []
    with pytest.raises(NotFitForUse, match="not fit for use: 60 customers to learn from, and 100 are needed"):
        judge("t", churn, rolled(rows=60), models={"said": {}}, told=told.append)
    with pytest.raises(NotFitForUse, match="one training cutoff before 2025-01-05, and 2 are needed"):
        judge("t", churn, rolled(origins=1, cutoffs=1), models={"said": {}}, told=told.append)
    never = each(rolled(), lambda data: replace(data, y=data.y * 0.0))
    with pytest.raises(NotFitForUse, match="0 customers with a positive outcome to learn from, and 50 are needed"):
        judge("t", churn, never, models={"said": {}}, told=told.append)
    assert told == []


def test_what_is_no_better_than_chance_is_refused(churn: Task, said: None) -> None:
    with pytest.raises(
        NotFitForUse, match=r"not fit for use: roc_auc is 0\.\d+, and with other customers hardly below"
    ):
        judge("t", churn, rolled(rows=1000), models={"said": {"column": "noise"}})


def leaking(data: Examples) -> Examples:
    """Add a column that is the label, but for a few rows."""
    flipped = np.arange(len(data.y)) % 40 == 0
    return replace(data, X=data.X.assign(closed_account=np.where(flipped, 1 - data.y, data.y)))


def test_a_feature_that_knows_the_label_stops_it_before_any_model(churn: Task, said: None) -> None:
    told: list[str] = []
    splits = each(rolled(), leaking)
    with pytest.raises(Leaking, match="'closed_account' would leak the label"):
        judge("t", churn, splits, models={"said": {}}, told=told.append)
    assert told == []
    made = judge("t", churn, splits, models={"said": {}}, allowed={"closed_account": "it is known by then"})
    assert {(leak.feature, leak.reason) for leak in made.leaks} == {("closed_account", "it is known by then")}


def test_a_model_that_is_too_good_to_be_true_is_not_believed(churn: Task, said: None) -> None:
    """Each feature is allowed, but the model is not."""
    splits = rolled()
    features = dict.fromkeys(["p", "true", "sharp", "bent"], "made so")
    with pytest.raises(Leaking, match=r"'model' would leak the label.*\n.*the model's AUC of 0\.\d+ is above 0\.60"):
        judge("t", churn, splits, models={"said": {}}, plausible_auc=0.6, allowed=features)
    allowed = {**features, "model": "it is simulated"}
    made = judge("t", churn, splits, models={"said": {}}, plausible_auc=0.6, allowed=allowed)
    assert made.leaks[-1].feature == "model"
    assert made.leaks[-1].reason == "it is simulated"
    auc = METRICS["roc_auc"](made.best.scored["actual"], made.best.scored["score"])
    assert made.leaks[-1].value == pytest.approx(auc)


def test_segments_are_judged_under_a_name(churn: Task, churn_data: Split) -> None:
    task = replace(churn, target=None, horizon_days=0)
    made = judge("s", task, Splits((churn_data,), churn_data), models={"segments": {"k": 3}}, champion="segments")
    assert made.grade.letter == "B"
    assert made.leaks == ()


def test_a_model_that_the_rows_do_not_let_be_fitted_is_left_out_with_its_reason(
    churn: Task, churn_splits: Splits
) -> None:
    """Not so where it was named, or there is no other; a baseline that is left out is none."""
    late = replace(churn, lead_days=7)
    models: dict[str, dict[str, Any]] = {"no_purchase": {}, "rfm_logistic": {}}
    made = judge("t", late, churn_splits, models=models, baseline="no_purchase")
    assert (list(made.models), made.champion, made.baseline) == (["rfm_logistic"], "rfm_logistic", None)
    assert "model 'no_purchase' tells of the 28 days from the cutoff on" in made.left_out["no_purchase"]
    for asked, champion in ((models, "no_purchase"), ({"no_purchase": {}}, None)):
        with pytest.raises(NotFitted, match="cannot leave out the first 7"):
            judge("t", late, churn_splits, models=asked, champion=champion)
