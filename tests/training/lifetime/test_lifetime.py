"""What the record says of lifetime value, from real back-tests of small data."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.estimators.clv import Clv
from training.backtest import Backtested, backtest
from training.record.lifetime import lifetime
from training.record.limits import limits
from training.splits import Splits, rolling
from training.task import Task

TESTS = [pd.Timestamp("2024-12-08"), pd.Timestamp("2025-01-05")]


@pytest.fixture(scope="module")
def task(simulated: History) -> Task:
    return Task(simulated, POPULATIONS["known"], chosen(["rfm"]), TARGETS["orders"], horizon_days=28)


@pytest.fixture(scope="module")
def splits(task: Task) -> Splits:
    return rolling(task, first=pd.Timestamp("2024-08-18"), step_days=28, tests=TESTS)


@pytest.fixture(scope="module")
def judged(task: Task, splits: Splits) -> Backtested:
    return backtest("small", task, splits, model="pareto_nbd")


@pytest.fixture(scope="module")
def told(judged: Backtested, task: Task) -> dict[str, Any]:
    found = lifetime(judged, task)
    assert found is not None
    return found


def test_it_is_json_and_names_nobody(told: dict[str, Any], judged: Backtested) -> None:
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text) == told
    assert not [who for who in judged.scored["customer_id"] if who in text]


def test_it_is_of_the_latest_part(told: dict[str, Any], judged: Backtested) -> None:
    assert (told["part"], told["process"], told["note"]) == ("2025-01-05", "Pareto/NBD", "")
    assert told["history_days"] == judged.parts[-1].split.test.X["tenure_days"].max()
    assert [told["tracking"][-1][name] for name in ("week", "ends")] == [4, "2025-02-02"]
    latest = judged.scored[judged.scored["part"] == "2025-01-05"]
    assert told["distribution"]["total"] == pytest.approx(latest["score"].sum())
    assert told["distribution"]["customers"] == len(latest)


def test_the_hold_out_of_the_curve_is_what_was_predicted_of_customers(told: dict[str, Any], judged: Backtested) -> None:
    """What came after the cutoff is the target's sum; what was expected of new ones is near what is of these."""
    latest = judged.scored[judged.scored["part"] == "2025-01-05"]
    held_out = [row for row in told["tracking"] if row["week"] > 0]
    assert sum(row["actual"] for row in held_out) == latest["actual"].sum()
    assert sum(row["expected"] for row in held_out) == pytest.approx(latest["score"].sum(), rel=0.15)


def test_frequencies_are_of_all_parts(told: dict[str, Any], judged: Backtested) -> None:
    rows = pd.concat([part.split.test.X for part in judged.parts], ignore_index=True).join(
        judged.scored[["actual", "score"]]
    )
    for found in told["frequencies"]:
        x = found["frequency"]
        own = rows[rows["frequency"] >= 7] if x == "7+" else rows[rows["frequency"] == int(x)]
        assert found["customers"] == len(own)
        assert found["purchases"] == pytest.approx(own["actual"].mean())
        assert found["expected_purchases"] == pytest.approx(own["score"].mean())
        assert (found["value"], found["expected_value"]) == (None, None)


def test_the_total_is_judged_by_parts_and_by_cutoffs_before_them(told: dict[str, Any], judged: Backtested) -> None:
    closed = told["total"]["closed"]
    assert [row["cutoff"] for row in closed] == [
        "2024-08-18",
        "2024-09-15",
        "2024-10-13",
        "2024-11-10",
        "2024-12-08",
        "2025-01-05",
    ]
    sums = judged.scored.groupby("part")[["score", "actual"]].sum()
    for row in closed[-2:]:
        assert (row["expected"], row["actual"]) == pytest.approx(tuple(sums.loc[row["cutoff"]]))
        assert row["ratio"] == row["actual"] / row["expected"]
    assert 0 < told["total"]["low"] < np.median([row["ratio"] for row in closed]) < told["total"]["high"]


def test_an_earlier_total_is_that_of_a_back_test_there(told: dict[str, Any], task: Task) -> None:
    there = rolling(task, first=pd.Timestamp("2024-08-18"), step_days=28, tests=[pd.Timestamp("2024-10-13")])
    scored = backtest("then", task, there, model="pareto_nbd").scored
    (row,) = [row for row in told["total"]["closed"] if row["cutoff"] == "2024-10-13"]
    assert (row["expected"], row["actual"]) == pytest.approx((scored["score"].sum(), scored["actual"].sum()))


def test_totals_are_of_the_whole_horizon_however_short_what_is_learned_from(told: dict[str, Any], task: Task) -> None:
    carried = replace(task, learn_days=14)
    splits = rolling(carried, first=pd.Timestamp("2024-08-18"), step_days=14, tests=TESTS)
    found = lifetime(backtest("short", carried, splits, model="pareto_nbd"), carried)
    assert found is not None
    assert found["total"] == told["total"]


def test_models_part_the_farther_they_look(told: dict[str, Any]) -> None:
    found = told["spread"]
    assert list(found["so_far"]) == list(found["by_month"]) == ["BG/NBD", "MBG/NBD", "Pareto/NBD"]
    assert (found["unit"], found["left_out"]) == ("purchase days", {})
    for name, months in found["by_month"].items():
        assert len(months) == 60
        assert min(months) > 0
        assert months[0] > months[-1]
        assert found["so_far"][name] == pytest.approx(np.cumsum(months))
    last = [months[-1] for months in found["so_far"].values()]
    assert found["spread"][-1] == pytest.approx((max(last) - min(last)) / np.mean(last))
    assert found["spread"][-1] > found["spread"][5]


def _value(task: Task, model: str, **params: Any) -> tuple[Backtested, dict[str, Any]]:
    spend = replace(task, target=TARGETS["future_spend"])
    splits = rolling(spend, first=pd.Timestamp("2024-08-18"), step_days=28, tests=TESTS)
    judged = backtest("value", spend, splits, model=model, params=params)
    found = lifetime(judged, spend)
    assert found is not None
    return judged, found


def test_value_is_told_by_frequency_and_by_month(task: Task) -> None:
    judged, found = _value(task, "clv")
    for name in ("value", "expected_value"):
        rows = found["frequencies"]
        mean = sum(row[name] * row["customers"] for row in rows) / sum(row["customers"] for row in rows)
        assert mean == pytest.approx(judged.scored[{"value": "actual"}.get(name, "score")].mean())
    last = judged.parts[-1]
    assert isinstance(last.model, Clv)
    months = last.model.by_month(last.split.test.X, 60).sum(axis=0)
    assert found["spread"]["unit"] == "currency"
    assert found["spread"]["by_month"]["Pareto/NBD"] == pytest.approx(months)
    other = Clv(28, process="bgnbd").fit(last.split.test.X).by_month(last.split.test.X, 24).sum()
    assert found["spread"]["so_far"]["BG/NBD"][23] == pytest.approx(other)


def test_a_blend_is_told_by_its_process_and_says_when_it_is_none(task: Task) -> None:
    judged, found = _value(task, "clv_blend")
    assert found["process"] == "Pareto/NBD"
    assert found["note"].startswith("It fell back to Pareto/NBD")
    assert found["distribution"]["total"] == pytest.approx(judged.parts[-1].scored["score"].sum())
    assert len(found["total"]["closed"]) > 2


def test_covariates_are_reckoned_with(task: Task, splits: Splits) -> None:
    params = {"transaction_covariates": ["mean_day_spend"]}
    judged = backtest("with", task, splits, model="pareto_nbd", params=params)
    found = lifetime(judged, task)
    assert found is not None
    assert found["process"] == "Pareto/NBD with covariates"
    rows = found["frequencies"]
    mean = sum(row["expected_purchases"] * row["customers"] for row in rows) / sum(row["customers"] for row in rows)
    assert mean == pytest.approx(judged.scored["score"].mean())
    held_out = sum(row["expected"] for row in found["tracking"] if row["week"] > 0)
    assert held_out == pytest.approx(judged.parts[-1].scored["score"].sum(), rel=0.15)


@pytest.mark.parametrize("model", ["base_rate", "boosted"])
def test_models_without_a_process_say_nothing(model: str, task: Task, splits: Splits) -> None:
    assert lifetime(backtest("other", task, splits, model=model), task) is None


def test_who_leaves_is_another_question(task: Task) -> None:
    churn = replace(task, target=TARGETS["churned"])
    splits = rolling(churn, first=pd.Timestamp("2024-10-13"), step_days=28, tests=TESTS[:1])
    assert lifetime(backtest("left", churn, splits, model="no_purchase"), churn) is None


# Limits


def worded(told: dict[str, Any], **changed: Any) -> list[str]:
    record = {
        "question": {"population": {"name": "known", "meaning": "All."}, "horizon_days": 28, "lead_days": 0},
        "models": {"m": {"metrics": {}}},
        "champion": "m",
        "judged": "rolling origin",
        "parts": [1, 2, 3],
        "grade": {"checks": []},
        "left_out": {},
        "leaks": [],
        "importance": [1],
        "lifetime": {**told, **changed},
    }
    return limits(record)


def test_limits_say_what_is_not_known_of_value(told: dict[str, Any]) -> None:
    assert len(worded(told)) == 3
    few = {**told["total"], "low": None, "high": None, "closed": told["total"]["closed"][:2]}
    line = "How far the total may be off is not known: 2 past period(s) have closed that do not overlap, and a band"
    assert f"{line} takes 3." in worded(told, total=few)
    assert (
        "It looks 28 days ahead, and the longest history is one of 27 days: it speaks of times that it has never seen."
        in worded(told, history_days=27)
    )
    assert len(worded(told, history_days=28)) == 3
    note = "It falls back to buy-till-you-die alone: 1,000 customers, and the blend needs 2,000."
    assert note in worded(told, note=note)
