"""Tuning: on inner splits in time order, no worse than the model's own parameters, and going on where it was killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState
from scipy.special import expit, logit

from configs.process import owner
from features.library import TARGETS
from models.contract import Span
from models.estimators import MODELS, create
from models.metrics import METRICS
from tests.training.made import DAY, LAST, STEP, Said, rolled
from training.splits import Split
from training.task import Examples, Task
from training.tune import PARTS, inner_splits, tune

TUNABLE: dict[str, Span] = MODELS["boosted"].tunable  # type: ignore[attr-defined]  # not every model has it


class Slope(Said):
    """Says what a column says, its log-odds times a slope: 1 is right, and the further from it the worse."""

    tunable: ClassVar = {"slope": Span(0.1, 5.0, log=True), "steps": Span(1, 3)}

    def __init__(self, slope: float = 0.4, *, steps: int = 2) -> None:
        super().__init__("p")
        self.slope = slope
        self.steps = steps

    def predict(self, X: pd.DataFrame) -> Any:
        return expit(logit(X["p"].to_numpy()) * self.slope)


@pytest.fixture
def slope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "slope", Slope)


def searched(storage: str) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(storage=storage, study_name="s").trials


def loss(split: Split, params: Mapping[str, float]) -> float:
    """Give the mean log loss of a `Slope` over the inner splits, by hand."""
    values = []
    for part in inner_splits(split, seed=0):
        p = expit(logit(part.test.X["p"]) * params["slope"])
        values.append(-np.mean(part.test.y * np.log(p) + (1 - part.test.y) * np.log(1 - p)))
    return float(np.mean(values))


# On what a trial is judged


def test_trials_are_judged_on_the_three_latest_closed_cutoffs_in_time_order() -> None:
    split = rolled(origins=1, cutoffs=6).final
    inner = inner_splits(split, seed=0)
    assert len(inner) == PARTS == 3
    for number, part in enumerate(inner, start=1):
        assert set(part.test.X["cutoff"]) == {LAST - number * STEP}
        assert part.train.X["cutoff"].max() == LAST - (number + 1) * STEP
        assert part.train.X["cutoff"].nunique() == 6 - number
    assert len(inner_splits(rolled(origins=1, cutoffs=3).final, seed=0)) == 2


def test_without_two_closed_cutoffs_it_cannot_judge(churn: Task, churn_data: Split) -> None:
    far = replace(churn_data, closes_in=200 * DAY)
    with pytest.raises(ValueError, match=r"closes by the latest one \(2024-12-08\).* set an earlier `first`"):
        tune(churn, far, model="boosted", params={}, trials=1)


def test_a_table_is_judged_on_its_folds(churn: Task, slope: None) -> None:
    split = replace(rolled(origins=1, cutoffs=1).final, closes_in=None)
    inner = inner_splits(split, seed=3)
    assert [set(part.test.X["customer_id"]) for part in inner] == [
        set(part.test.X["customer_id"]) for part in split.inner(3, seed=3)
    ]
    assert set(tune(churn, split, model="slope", params={}, trials=2)) == {"slope", "steps"}


# What comes of it


def test_the_best_trial_is_given_and_the_own_parameters_are_the_first(churn: Task, slope: None, tmp_path: Path) -> None:
    """Each trial's value is the mean over the inner splits; the best of them is found, and it is near 1."""
    split = rolled(origins=1, cutoffs=5).final
    told: list[tuple[int, float]] = []
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    found = tune(
        churn,
        split,
        model="slope",
        params={"steps": 3},
        trials=20,
        storage=url,
        study_name="s",
        told=lambda done, best: told.append((done, best)),
    )
    trials = searched(url)
    assert trials[0].params == {"slope": 0.4, "steps": 3}
    whole = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    for trial in whole:
        assert trial.value == pytest.approx(loss(split, trial.params))
    best = min(whole, key=lambda trial: float(trial.value or 0))
    assert found == best.params
    assert loss(split, found) < loss(split, {"slope": 0.4}) - 0.01
    assert 0.6 < found["slope"] < 1.6
    assert [done for done, _ in told] == list(range(1, 21))
    values = [float(trial.value) if trial.state == TrialState.COMPLETE and trial.value else 9.0 for trial in trials]
    assert [value for _, value in told] == pytest.approx(np.minimum.accumulate(values).tolist())
    assert {trial.user_attrs["owner"] for trial in trials} == {owner()}


def test_a_trial_that_is_behind_is_pruned(churn: Task, slope: None, tmp_path: Path) -> None:
    """After the first inner split, by the median of the whole ones before it; the first eight are never."""
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    tune(churn, rolled(origins=1, cutoffs=5).final, model="slope", params={}, trials=30, storage=url, study_name="s")
    trials = searched(url)
    assert len(trials) == 30
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert len(pruned) >= 3
    assert all(trial.number >= 8 for trial in pruned)
    for trial in pruned:
        step = max(trial.intermediate_values)
        assert step < PARTS - 1
        earlier = [each for each in trials[: trial.number] if each.state == TrialState.COMPLETE]
        others = [each.intermediate_values[step] for each in earlier]
        assert min(trial.intermediate_values.values()) > np.median(others)
    assert all(len(trial.intermediate_values) == PARTS for trial in trials if trial not in pruned)


def test_it_ends_no_worse_than_it_began_and_never_looks_at_the_test(churn: Task, churn_data: Split) -> None:
    found = tune(churn, churn_data, model="boosted", params={"seed": 3}, trials=3, seed=1)
    assert set(found) == {"seed", *TUNABLE}
    assert found["seed"] == 3

    def judged(params: Mapping[str, Any]) -> float:
        values = []
        for part in churn_data.inner(3):
            fitted = create("boosted", setting={"kind": "binary"}, **params).fit(part.train.X, part.train.y)
            values.append(METRICS["log_loss"](part.test.y, fitted.predict(part.test.X)))
        return float(np.mean(values))

    assert judged(found) <= judged({"seed": 3})
    blind = replace(churn_data, test=Examples(churn_data.test.X.iloc[:0], churn_data.test.y.iloc[:0]))
    assert tune(churn, blind, model="boosted", params={"seed": 3}, trials=3, seed=1) == found
    assert tune(churn, churn_data, model="boosted", params={"seed": 3}, trials=3, seed=2) != found


def test_amounts_are_tuned_by_what_ranks_them(churn: Task, slope: None, tmp_path: Path) -> None:
    """A higher Gini is better: the best trial is the one with the highest."""
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    task = replace(churn, target=TARGETS["future_spend"])
    split = rolled(origins=1, cutoffs=4).final
    tune(task, split, model="slope", params={}, trials=3, storage=url, study_name="s")
    study = optuna.load_study(storage=url, study_name="s")
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    expected = [METRICS["normalised_gini"](part.test.y, part.test.X["p"]) for part in split.inner(3)]
    assert study.best_value == pytest.approx(np.mean(expected))  # no slope changes ranks


# Cut off and taken up again


def test_only_the_trials_that_are_not_there_yet_are_run(churn: Task, churn_data: Split, tmp_path: Path) -> None:
    """It began with the given parameters, though they lie outside of the spans."""
    told: list[int] = []
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    given: dict[str, Any] = {"rounds": 20, "depth": 6}
    for trials in (1, 3, 2):
        search: dict[str, Any] = {"storage": url, "study_name": "s", "told": lambda done, best: told.append(done)}
        tune(churn, churn_data, model="boosted", params=given, trials=trials, **search)
    assert told == [1, 2, 3]
    assert len(searched(url)) == 3
    own = create("boosted", **given).get_params()
    assert searched(url)[0].params == {name: own[name] for name in TUNABLE}


KILLED = """
import json, sys, time
from pathlib import Path
from models.estimators import MODELS
from tests.training.made import rolled
from tests.training.test_tune import Slope, asked
from training.tune import tune

url, stop_at, marks = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])

class Halting(Slope):
    fitted = 0

    def fit(self, X, y):
        Halting.fitted += 1
        if Halting.fitted == stop_at:
            print(json.dumps({"slope": self.slope, "steps": self.steps}), flush=True)
            time.sleep(120)
        return super().fit(X, y)

MODELS["slope"] = Halting
tune(asked(), rolled(origins=1, cutoffs=5).final, model="slope", params={}, trials=9, storage=url, study_name="s")
"""


def asked() -> Task:
    """Ask a question of no data: tuning looks at the kind of its target alone."""
    from features.engine.door import admit
    from features.library import POPULATIONS

    buys = pd.DataFrame({"customer_id": ["a"], "time": ["2024-01-01"], "amount": [1.0]})
    return Task(admit("one", {"transactions": buys}), POPULATIONS["known"], [], TARGETS["churned"], horizon_days=28)


@pytest.mark.parametrize(("stop_at", "done"), [(8, 2), (2, 0)])
def test_a_search_that_was_killed_loses_no_trial_and_runs_the_one_it_was_in_again(
    stop_at: int, done: int, slope: None, tmp_path: Path
) -> None:
    """`kill -9` in the second of the three inner splits of a trial, once of the very first one."""
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    command = [sys.executable, "-c", KILLED, url, str(stop_at), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        cut = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    before = searched(url)
    assert [trial.state for trial in before] == [TrialState.COMPLETE] * done + [TrialState.RUNNING]
    assert before[-1].params == cut
    told: list[int] = []
    split = rolled(origins=1, cutoffs=5).final
    search: dict[str, Any] = {"storage": url, "study_name": "s", "told": lambda done, best: told.append(done)}
    found = tune(asked(), split, model="slope", params={}, trials=5, **search)
    after = searched(url)
    assert told == list(range(done + 1, 6))
    for old, new in zip(before[:-1], after, strict=False):
        assert (old.params, old.value, old.datetime_complete) == (new.params, new.value, new.datetime_complete)
    assert after[done].state == TrialState.FAIL
    whole = [trial for trial in after if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    assert len(whole) == 5
    assert len(after) == 6
    assert [trial.params for trial in whole].count(cut) == 1
    assert whole[done].params == cut  # and it is the next that is run
    assert whole[0].params == {"slope": 0.4, "steps": 2}
    assert loss(split, found) == pytest.approx(min(loss(split, trial.params) for trial in whole))
    tune(asked(), split, model="slope", params={}, trials=5, **search)
    assert len(searched(url)) == 6


@pytest.mark.parametrize("name", [owner(), "elsewhere:99999999"])
def test_a_trial_that_may_be_running_is_left_alone(name: str, churn: Task, slope: None, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    split = rolled(origins=1, cutoffs=4).final
    search: dict[str, Any] = {"storage": url, "study_name": "s"}
    tune(churn, split, model="slope", params={}, trials=1, **search)
    study = optuna.load_study(storage=url, study_name="s")
    study.ask().set_user_attr("owner", name)
    tune(churn, split, model="slope", params={}, trials=2, **search)
    states = [trial.state for trial in searched(url)]
    assert states == [TrialState.COMPLETE, TrialState.RUNNING, TrialState.COMPLETE]


def test_a_trial_that_was_killed_before_it_said_whose_it_is_is_run_again(
    churn: Task, slope: None, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    split = rolled(origins=1, cutoffs=4).final
    search: dict[str, Any] = {"storage": url, "study_name": "s"}
    tune(churn, split, model="slope", params={}, trials=1, **search)
    optuna.load_study(storage=url, study_name="s").ask()
    tune(churn, split, model="slope", params={}, trials=3, **search)
    states = [trial.state for trial in searched(url)]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]


def test_a_trial_that_ends_in_an_error_does_not_count(churn: Task, slope: None, tmp_path: Path) -> None:
    class Broken(Slope):
        def fit(self, X: pd.DataFrame, y: pd.Series) -> "Broken":
            raise ZeroDivisionError

    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    split = rolled(origins=1, cutoffs=4).final
    search: dict[str, Any] = {"storage": url, "study_name": "s"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "slope", Broken)
        with pytest.raises(ZeroDivisionError):
            tune(churn, split, model="slope", params={}, trials=2, **search)
    tune(churn, split, model="slope", params={}, trials=2, **search)
    whole = [trial for trial in searched(url) if trial.state == TrialState.COMPLETE]
    assert len(whole) == 2


# What is refused


def test_optuna_is_left_as_loud_as_it_was(churn: Task, churn_data: Split, capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    tune(churn, churn_data, model="boosted", params={"rounds": 3}, trials=1)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_tuned_is_refused(churn: Task, churn_data: Split) -> None:
    with pytest.raises(ValueError, match="model 'base_rate' has nothing to tune; tune one that names its `tunable`"):
        tune(churn, churn_data, model="base_rate", params={}, trials=1)
    with pytest.raises(ValueError, match="model 'bgnbd' predicts count, not the binary 'churned'"):
        tune(churn, churn_data, model="bgnbd", params={}, trials=1)


def test_spans_are_of_parameters_and_hold_the_models_own() -> None:
    spanned = {name: getattr(model, "tunable", {}) for name, model in MODELS.items()}
    assert {name for name, spans in spanned.items() if spans} >= {"boosted", "cross_sell"}
    for name, spans in spanned.items():
        for parameter, span in spans.items():
            assert span.low <= create(name).get_params()[parameter] <= span.high
