"""`backtest`: each part judged by what it could know, calibrated as the parts say, and the artifact that is kept."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from features.library import POPULATIONS
from models.calibration import Calibration
from models.contract import eligible
from models.estimators import create
from models.metrics import METRICS
from tests.training.made import LAST, STEP, examples, rolled
from training.backtest import Backtested, backtest
from training.evaluate import POOLED, evaluate
from training.splits import Split, Splits
from training.task import Task

LATEST = pd.Timestamp("2024-12-08")


def value(made: Backtested, part: str, metric: str) -> float:
    table = made.metrics
    (found,) = table.loc[(table["part"] == part) & (table["metric"] == metric), "value"]
    return float(found)


def folded(rows: int = 600, *, repeats: int = 2) -> Splits:
    """Make folds by hand: every third customer is tested, in each repeat from another one on."""
    data, parts = examples([LAST], rows=rows), []
    for repeat in range(repeats):
        for fold in range(3):
            tested = (np.arange(rows) // (repeat + 1)) % 3 == fold
            parts.append(Split(f"repeat {repeat + 1}", data.where(~tested), data.where(tested), None))
    return Splits(tuple(parts), Split("all", data, data, None))


# What is judged


def test_metrics_are_those_of_the_scored_rows(trained: Backtested, churn_splits: Splits) -> None:
    """Computed by hand, part by part and of all; the rows are the test rows in their order."""
    scored = trained.scored
    assert list(scored.columns) == ["customer_id", "cutoff", "part", "actual", "score"]
    tests = pd.concat([part.test.X for part in churn_splits.parts], ignore_index=True)
    pd.testing.assert_frame_equal(scored[["customer_id", "cutoff"]], tests[["customer_id", "cutoff"]])
    assert scored["actual"].tolist() == [y for part in churn_splits.parts for y in part.test.y]
    parts = ["2024-11-10", "2024-12-08", "2025-01-05"]
    assert scored["part"].tolist() == [f"{cutoff:%Y-%m-%d}" for cutoff in scored["cutoff"]]
    assert list(dict.fromkeys(trained.metrics["part"])) == [*parts, POOLED]
    for part in (*parts, POOLED):
        rows = scored if part == POOLED else scored[scored["part"] == part]
        for metric in ("roc_auc", "log_loss", "brier", "ece"):
            assert value(trained, part, metric) == METRICS[metric](rows["actual"], rows["score"])
    pd.testing.assert_frame_equal(trained.metrics, evaluate(scored, kind="binary", seed=0))
    assert 0 < trained.seconds < 60


def test_each_part_is_predicted_by_a_model_of_its_own(trained: Backtested, churn_splits: Splits) -> None:
    calibrated = trained.calibration
    for fitted, part in zip(trained.parts, churn_splits.parts, strict=True):
        own = create("boosted", kind="binary", rounds=25).fit(part.train.X, part.train.y)
        assert fitted.model.state() == own.state()
        expected = fitted.calibrations[calibrated].apply(own.predict(part.test.X))
        assert trained.scored.loc[trained.scored["part"] == part.name, "score"].tolist() == expected.tolist()


def test_what_came_of_a_test_decides_no_prediction(churn: Task, churn_splits: Splits, trained: Backtested) -> None:
    """But the choice between calibrations, which is made over all parts."""
    turned = tuple(replace(part, test=replace(part.test, y=1 - part.test.y)) for part in churn_splits.parts)
    options = {"model": "boosted", "params": {"rounds": 25}, "calibration": trained.calibration}
    again = backtest("small_churn", churn, Splits(turned, turned[-1]), **options)  # type: ignore[arg-type]
    assert again.scored["score"].tolist() == trained.scored["score"].tolist()
    assert (again.scored["actual"] == 1 - trained.scored["actual"]).all()
    assert again.artifact.id == trained.artifact.id


def test_each_part_is_told(churn: Task, said: None) -> None:
    told: list[str] = []
    backtest("t", churn, rolled(), model="said", told=told.append)
    assert told == ["2024-11-10", "2024-12-08", "2025-01-05"]


# Calibration


def test_a_distorted_model_is_calibrated_and_loses_less(churn: Task, said: None) -> None:
    splits = rolled(rows=1200)
    for column, right in (("sharp", {"sigmoid", "isotonic"}), ("bent", {"isotonic"})):
        raw, made = (
            backtest("t", churn, splits, model="said", params={"column": column}, calibration=asked)
            for asked in ("none", "choose")
        )
        assert raw.calibration == "none"
        assert raw.artifact.calibration == Calibration()
        assert made.calibration in right
        assert made.calibration == min(made.calibrations, key=lambda way: made.calibrations[way])
        for part in (*(each.name for each in splits.parts), POOLED):
            assert value(made, part, "log_loss") < value(raw, part, "log_loss") - 0.02
        assert value(made, POOLED, "roc_auc") > value(raw, POOLED, "roc_auc") - 0.01
        means = [value(made, each.name, "log_loss") for each in splits.parts]
        assert made.calibrations[made.calibration] == pytest.approx(np.mean(means))
        assert made.artifact.calibration == made.parts[-1].calibrations[made.calibration]
        assert made.artifact.calibration.method == made.calibration


def test_a_model_that_is_right_is_left_alone(churn: Task, said: None) -> None:
    made = backtest("t", churn, rolled(rows=1200), model="said", params={"column": "true"})
    assert (made.calibration, made.artifact.calibration) == ("none", Calibration())
    assert set(made.calibrations) == {"none", "sigmoid", "isotonic"}


def strong(cutoff: pd.Timestamp) -> float:
    """Give the log-odds of a season: the same in each year, and other in each quarter."""
    return 1.5 * float(np.sin(2 * np.pi * cutoff.day_of_year / 365.25))


def test_a_season_is_learned_from_the_year_before(churn: Task, said: None) -> None:
    """Origins a quarter apart over a year, with more than a year before the first: the level of last year is right."""
    parts = []
    for quarter in (3, 2, 1, 0):
        origin = LAST - quarter * 3 * STEP
        learned = [origin - back * STEP for back in range(14, 0, -1)]
        train, test = (examples(at, rows=400, shift=strong) for at in (learned, [origin]))
        parts.append(Split(f"{origin:%Y-%m-%d}", train, test, STEP))
    splits = Splits(tuple(parts), parts[-1])
    made = backtest("t", churn, splits, model="said", params={"column": "p"})
    assert made.calibration == "none+season"
    assert set(made.calibrations) == {"none", "sigmoid", "none+season", "sigmoid+season"}
    assert made.calibrations["none+season"] < min(made.calibrations["none"], made.calibrations["sigmoid"]) - 0.02
    for part, origin in zip(made.parts, (LAST - back * 3 * STEP for back in (3, 2, 1, 0)), strict=True):
        assert part.calibrations["none+season"].shift == pytest.approx(strong(origin), abs=0.3)
    assert made.artifact.calibration.shift == pytest.approx(strong(LAST), abs=0.3)
    young = backtest("t", churn, rolled(shift=strong), model="said", params={"column": "p"})
    assert not any("season" in way for way in young.calibrations)


def test_a_calibration_is_taken_by_name_or_told_why_not(churn: Task, said: None) -> None:
    made = backtest("t", churn, rolled(rows=1200), model="said", params={"column": "true"}, calibration="isotonic")
    assert made.calibration == made.artifact.calibration.method == "isotonic"
    with pytest.raises(
        ValueError, match="calibration 'isotonic' could not be fitted in each part; there are none, sig"
    ):
        backtest("t", churn, rolled(rows=900), model="said", calibration="isotonic")
    told: list[str] = []
    with pytest.raises(ValueError, match="calibration 'platt' is none of choose, none, sigmoid, isotonic"):
        backtest("t", churn, rolled(), model="said", calibration="platt", told=told.append)
    assert told == []  # nothing was fitted for nothing


# What is kept


def test_the_artifact_is_the_model_of_the_latest_origin(churn: Task, trained: Backtested, churn_data: Split) -> None:
    artifact = trained.artifact
    assert artifact.model is trained.parts[-1].model
    scores = artifact.score(churn_data.test.X, version="1")["score"]
    assert scores.tolist() == trained.scored.loc[trained.scored["part"] == "2025-01-05", "score"].tolist()
    assert artifact.trained_to == LATEST
    assert (artifact.name, artifact.dataset, artifact.population) == ("small_churn", "small", "known")
    assert artifact.population_fingerprint == churn.population.fingerprint
    assert (artifact.target, artifact.kind, artifact.horizon_days, artifact.lead_days) == ("churned", "binary", 28, 0)
    assert artifact.features == {each.name: each.fingerprint for each in churn.features}
    assert (list(artifact.categories), artifact.model_name) == ([], "boosted")
    assert artifact.provenance == {"data": churn.history.fingerprint, "zone": "UTC"}


def test_the_lead_and_where_it_comes_from_are_written_down(churn: Task, churn_splits: Splits) -> None:
    task = replace(churn, lead_days=7)
    made = backtest("t", task, churn_splits, model="base_rate", provenance={"commit": "abc"})
    assert made.artifact.lead_days == 7
    assert made.artifact.provenance == {"data": churn.history.fingerprint, "zone": "UTC", "commit": "abc"}


def test_its_profile_counts_the_latest_training_cutoff(churn: Task, churn_data: Split, trained: Backtested) -> None:
    X = churn_data.train.X
    latest = X[X["cutoff"] == LATEST]
    assert list(trained.artifact.profile) == [*(each.name for each in churn.features), "score"]
    columns = latest.assign(score=trained.artifact.predict(latest))
    for name, cells in trained.artifact.profile.items():
        present = columns[name].dropna()
        bounds = [-np.inf, *cells.edges, np.inf]
        expected = [((low < present) & (present <= high)).sum() for low, high in pairwise(bounds)]
        assert cells.counts.tolist() == expected
        assert cells.missing == len(latest) - len(present)


def test_where_each_row_asks_at_its_own_time_the_profile_counts_all(churn: Task, said: None) -> None:
    train = examples([LAST - STEP - hours * pd.Timedelta(hours=1) for hours in range(30)], rows=9)
    split = Split("one", train, examples([LAST], rows=40), STEP)
    asked = replace(churn, population=POPULATIONS["touched"])
    for task, rows in ((asked, 270), (churn, 9)):
        made = backtest("t", task, Splits((split,), split), model="said")
        assert {cells.rows for cells in made.artifact.profile.values()} == {rows}
        assert made.artifact.trained_to == LAST - STEP


def test_what_learns_from_the_past_is_trained_to_the_test(churn: Task, said: None) -> None:
    made = backtest("t", churn, rolled(), model="past")
    assert made.artifact.trained_to == LAST
    assert made.artifact.model.state()["latest"] == f"{LAST:%Y-%m-%d}"
    assert backtest("t", churn, rolled(), model="said").artifact.trained_to == LAST - STEP


def test_after_folds_the_artifact_has_learned_from_everyone(churn: Task, said: None) -> None:
    splits = folded()
    made = backtest("t", churn, splits, model="said", params={"column": "sharp", "scaled": True}, calibration="sigmoid")
    rates = [part.model.state()["rate"] for part in made.parts]
    assert rates == [part.train.y.mean() for part in splits.parts]
    assert made.artifact.model.state()["rate"] == splits.final.train.y.mean()
    assert made.artifact.trained_to == LAST
    assert {cells.rows for cells in made.artifact.profile.values()} == {600}
    assert len(made.scored) == 2 * 600
    assert (made.scored.groupby("customer_id").size() == 2).all()
    assert list(dict.fromkeys(made.metrics["part"])) == ["repeat 1", "repeat 2", POOLED]
    for repeat in ("repeat 1", "repeat 2"):
        rows = made.scored[made.scored["part"] == repeat]
        assert value(made, repeat, "log_loss") == METRICS["log_loss"](rows["actual"], rows["score"])
    last = splits.parts[-1].test.X
    scored = made.scored["score"].tail(len(last)).to_numpy()
    raw = last["sharp"].to_numpy() * rates[-1]
    assert scored.tolist() == made.parts[-1].calibrations["sigmoid"].apply(raw).tolist()
    assert made.artifact.calibration.method == "sigmoid"
    assert made.artifact.calibration != made.parts[-1].calibrations["sigmoid"]
    assert made.artifact.predict(last).tolist() != scored.tolist()


def test_pairs_are_scored_and_profiled_where_they_are_asked_about(pairs: Task, pairs_splits: Splits) -> None:
    made = backtest("sold", pairs, pairs_splits, model="cross_sell", params={"rounds": 5})
    data = pairs_splits.final
    asked = eligible(data.test.X)
    assert len(made.scored) == asked.sum() < len(asked)
    assert list(made.scored.columns) == ["customer_id", "cutoff", "category", "part", "actual", "score"]
    assert made.scored["actual"].tolist() == data.test.y[asked].tolist()
    latest = data.train.X[data.train.X["cutoff"] == LATEST]
    assert {cells.rows for cells in made.artifact.profile.values()} == {latest["eligible"].sum()}
    assert made.artifact.categories == pairs.categories
    assert "map_at_5" in set(made.metrics["metric"])


def test_segments_are_described_rather_than_predicted(churn: Task, churn_splits: Splits) -> None:
    task = replace(churn, target=None, horizon_days=0)
    two = Splits(churn_splits.parts[1:], churn_splits.final)
    made = backtest("sorts", task, two, model="segments", params={"k": 3})
    assert (made.artifact.target, made.artifact.kind, made.artifact.horizon_days) == ("", "none", 0)
    assert made.calibration == "none"
    names = {"silhouette", "smallest_share", "bootstrap_ari"}
    assert set(made.scored["score"]) <= {0.0, 1.0, 2.0}
    by_part = made.metrics.pivot_table(index="part", columns="metric", values="value")
    assert names <= set(by_part.columns)
    assert list(dict.fromkeys(made.metrics["part"])) == ["2024-12-08", "2025-01-05", POOLED]
    for name in names:
        assert by_part.loc[POOLED, name] == pytest.approx(by_part[name].drop(POOLED).mean())


def test_the_same_seed_gives_the_same_artifact(churn: Task, churn_splits: Splits, trained: Backtested) -> None:
    made = [
        backtest("small_churn", churn, churn_splits, model="boosted", params={"rounds": 25}, seed=seed)
        for seed in (0, 1)
    ]
    assert made[0].artifact.id == trained.artifact.id != made[1].artifact.id
