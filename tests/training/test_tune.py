"""Tuning: inside the training cutoffs, no worse than the model's own parameters, and going on where it was cut off."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

from models.estimators import MODELS, create
from models.metrics import METRICS
from training.task import Split, Task
from training.tune import inner_split, tune

LATEST = pd.Timestamp("2024-12-08")


def test_the_latest_training_cutoff_judges_those_that_have_closed_by_it(churn: Task, churn_data: Split) -> None:
    X = churn_data.train.X
    for horizon_days, expected in ((28, ["2024-10-13", "2024-11-10"]), (29, ["2024-10-13"]), (56, ["2024-10-13"])):
        earlier, latest = inner_split(replace(churn, horizon_days=horizon_days), churn_data)
        assert set(latest.X["cutoff"]) == {LATEST}
        assert sorted(f"{cutoff:%Y-%m-%d}" for cutoff in earlier.X["cutoff"].unique())[-len(expected) :] == expected
        assert earlier.X["cutoff"].max() + pd.Timedelta(days=horizon_days) <= LATEST
        for part in (earlier, latest):
            rows = X["cutoff"].isin(part.X["cutoff"].unique())
            pd.testing.assert_frame_equal(part.X, X[rows].reset_index(drop=True))
            assert part.y.tolist() == churn_data.train.y[rows].tolist()


def test_without_two_such_cutoffs_it_cannot_judge(churn: Task, churn_data: Split) -> None:
    with pytest.raises(ValueError, match=r"closes by the latest one \(2024-12-08\).* set an earlier `first`"):
        inner_split(replace(churn, horizon_days=200), churn_data)


def log_loss(churn: Task, data: Split, params: dict[str, float]) -> float:
    earlier, latest = inner_split(churn, data)
    fitted = create("boosted", setting={"kind": "binary", "seed": 3}, **params).fit(earlier.X, earlier.y)
    return METRICS["log_loss"](latest.y, fitted.predict(latest.X))


def test_it_ends_no_worse_than_it_began_and_never_looks_at_the_test(churn: Task, churn_data: Split) -> None:
    told: list[int] = []
    found = tune(churn, churn_data, model="boosted", params={"seed": 3}, trials=4, told=told.append)
    assert told == [1, 2, 3, 4]
    assert set(found) == {"seed", *MODELS["boosted"].tunable}  # type: ignore[attr-defined]  # not every model has it
    assert log_loss(churn, churn_data, found) <= log_loss(churn, churn_data, {"seed": 3})
    blind = Split(churn_data.train, replace(churn_data.test, y=1 - churn_data.test.y))
    assert tune(churn, blind, model="boosted", params={"seed": 3}, trials=4) == found


def test_a_search_that_was_cut_off_goes_on(churn: Task, churn_data: Split, tmp_path: Path) -> None:
    """It began with the given parameters, though they lie outside of the spans."""
    told: list[int] = []
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    given: dict[str, Any] = {"rounds": 20, "depth": 6}
    for trials in (1, 3, 2):
        search: dict[str, Any] = {"storage": url, "study_name": "small", "told": told.append}
        tune(churn, churn_data, model="boosted", params=given, trials=trials, **search)
    assert told == [1, 2, 3]
    (first, *_) = optuna.load_study(storage=url, study_name="small").trials
    own = create("boosted", **given).get_params()
    assert first.params == {name: own[name] for name in MODELS["boosted"].tunable}  # type: ignore[attr-defined]


def test_optuna_is_left_as_loud_as_it_was(churn: Task, churn_data: Split, capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    tune(churn, churn_data, model="boosted", params={}, trials=1)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_a_model_without_spans_is_refused(churn: Task, churn_data: Split) -> None:
    with pytest.raises(ValueError, match="model 'base_rate' has nothing to tune; tune one that names its `tunable`"):
        tune(churn, churn_data, model="base_rate", params={}, trials=1)


def test_spans_are_of_parameters_and_hold_the_models_own() -> None:
    spanned = {name: getattr(model, "tunable", {}) for name, model in MODELS.items()}
    assert {name for name, spans in spanned.items() if spans} == {"boosted", "cross_sell"}
    for name, spans in spanned.items():
        for parameter, span in spans.items():
            assert span.low <= create(name).get_params()[parameter] <= span.high
