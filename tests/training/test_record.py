"""The record of a back-test: plain JSON, the numbers of the back-test itself, the limits in words, and no customer."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.concepts import concepts_of
from features.datasets.simulator import simulate
from features.engine.door import admit
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from features.policy import Policy
from models.contract import eligible
from models.estimators import create
from models.metrics import METRICS
from models.money import Campaign, at_budget, best_cut
from tests.training.made import rolled
from training.backtest import backtest
from training.evaluate import POOLED
from training.fairness import fairness
from training.judge import Judged, judge
from training.leaks import Leak
from training.record import Worth, record
from training.record.explained import examples
from training.record.limits import limits
from training.splits import Split, Splits, folds, rolling
from training.task import Task

if TYPE_CHECKING:
    from models.estimators.cross_sell import CrossSell

MODELS: dict[str, dict[str, Any]] = {"base_rate": {}, "boosted": {"rounds": 25}}
PARTS = ["2024-11-10", "2024-12-08", "2025-01-05"]
CAMPAIGN = Campaign(1.0, 5.0, 0.3, 1.0)


@pytest.fixture(scope="module")
def task(churn: Task) -> Task:
    """Ask who churns, and look at regions."""
    return replace(churn, group=chosen(["customers.region"], churn.history)[0])


@pytest.fixture(scope="module")
def splits(task: Task, churn_splits: Splits) -> Splits:
    first = churn_splits.parts[0].train.X["cutoff"].min()
    return rolling(task, first=first, step_days=28, tests=[part.first_test for part in churn_splits.parts])


@pytest.fixture(scope="module")
def judged(task: Task, splits: Splits) -> Judged:
    return judge("small_churn", task, splits, models=MODELS, baseline="base_rate", provenance={"commit": "abc"})


@pytest.fixture(scope="module")
def told(judged: Judged, task: Task, splits: Splits) -> dict[str, Any]:
    worth = Worth(CAMPAIGN, value_from="spend_182d", margin=0.2, customers=20)
    return record(judged, task, splits, title="Who leaves", worth=worth)


def numbers(value: Any) -> Iterator[float]:
    """List all numbers of plain data; anything that is not JSON's own is an error."""
    if isinstance(value, dict):
        assert all(isinstance(key, str) for key in value)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from numbers(each)
    else:
        assert value is None or type(value) in (str, bool, int, float), type(value)
        if isinstance(value, float):
            yield value


# Plain data


def test_it_is_json_without_nan(told: dict[str, Any]) -> None:
    assert np.isfinite(list(numbers(told))).all()
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_no_customer_is_in_it(told: dict[str, Any]) -> None:
    text = json.dumps(told)
    ids = set(simulate(300, days=420).tables["transactions"]["customer_id"])
    assert len(ids) > 250
    assert not [who for who in ids if who in text]
    assert not re.search(r"C0\d{6}", text)


def test_no_customer_is_in_what_the_door_found(churn: Task, churn_splits: Splits) -> None:
    """Two warnings of a real admission, one of them about rows that were left out."""
    lines = simulate(300, days=420).tables["transactions"].assign(discount=1.5, is_return=False)
    lines.loc[:6, "amount"] *= -1
    history = admit("odd", {"transactions": lines}, policy=Policy("net", "out"))
    judged = judge("odd", churn, churn_splits, models={"base_rate": {}, "boosted": {"rounds": 9}})
    found = record(judged, replace(churn, history=history), churn_splits, title="Odd")
    assert len(found["data"]["warnings"]) == 2
    assert all(": " in line and "such as" not in line for line in found["data"]["warnings"])
    assert not re.search(r"C0\d{6}", json.dumps(found))


# What it says


def test_it_says_what_was_asked(told: dict[str, Any], task: Task, judged: Judged) -> None:
    assert (told["format"], told["name"], told["title"]) == (1, "small_churn", "Who leaves")
    assert (told["champion"], told["baseline"], told["judged"]) == ("boosted", "base_rate", "rolling origin")
    question = told["question"]
    assert question["population"] == {"name": "known", "meaning": "Customers with a purchase before the cutoff."}
    assert question["target"]["name"] == "churned"
    assert (question["kind"], question["horizon_days"], question["lead_days"]) == ("binary", 28, 0)
    assert [each["name"] for each in told["features"]] == [each.name for each in task.features]
    assert told["data"]["fingerprint"] == task.history.fingerprint
    assert told["data"]["end"] == "2025-02-24"
    assert told["provenance"]["commit"] == "abc"
    assert told["artifact"] == judged.best.artifact.id
    assert told["trained_to"] == "2024-12-08"
    assert told["grade"] == judged.grade.plain()


def test_it_counts_what_each_origin_learned_from_and_was_tested_on(told: dict[str, Any], splits: Splits) -> None:
    for found, part, cutoffs in zip(told["parts"], splits.parts, (3, 4, 5), strict=True):
        X, y = part.train.X, part.train.y
        assert found == {
            "name": part.name,
            "rows": len(X),
            "customers": len(set(X["customer_id"])),
            "rate": pytest.approx(sum(y) / len(y)),
            "cutoffs": cutoffs,
            "from": "2024-08-18",
            "to": f"{X['cutoff'].max():%Y-%m-%d}",
            "features": len(X.columns) - 2,
            "test_rows": len(part.test.X),
            "test_rate": pytest.approx(sum(part.test.y) / len(part.test.y)),
        }
    assert told["learned"] == {key: told["parts"][-1][key] for key in told["learned"]}


def test_metrics_are_those_of_every_model(told: dict[str, Any], judged: Judged) -> None:
    assert list(told["models"]) == ["base_rate", "boosted"]
    for model, each in judged.models.items():
        found = told["models"][model]
        assert found["params"] == each.artifact.model.get_params()
        assert (found["calibration"], found["calibrations"]) == (each.calibration, dict(each.calibrations))
        assert list(found["metrics"]) == [*PARTS, POOLED]
        for row in each.metrics.itertuples():
            value = found["metrics"][row.part][row.metric]["value"]
            assert value == (row.value if np.isfinite(float(str(row.value))) else None)


def test_gains_and_money_are_those_of_the_latest_origin(told: dict[str, Any], judged: Judged, splits: Splits) -> None:
    latest = judged.best.scored[judged.best.scored["part"] == PARTS[-1]]
    order = latest.sort_values("score", ascending=False, kind="stable")
    tenth = order["actual"].head(30).sum() / order["actual"].sum()
    assert told["gains"][0]["share"] == pytest.approx(0.1)
    held = {point["share"]: point["held"] for point in told["held"][PARTS[-1]]}
    assert held[0.0] == 0
    assert held[1.0] == pytest.approx(1)
    assert held[0.1] == pytest.approx(tenth)
    assert list(told["held"]) == PARTS
    money = told["money"]
    assert (money["part"], money["value_from"], money["customers"]) == (PARTS[-1], "spend_182d", 20)
    value = 0.2 * splits.final.test.X["spend_182d"].to_numpy()
    budget = at_budget(latest["actual"], latest["score"], campaign=CAMPAIGN, value=value, customers=20)
    assert money["at_budget"]["contacted"] == budget.contacted == 20
    best = best_cut(latest["actual"], latest["score"], campaign=CAMPAIGN, value=value)
    assert money["best"]["contacted"] == best.contacted


def test_fairness_is_looked_at_over_all_parts(told: dict[str, Any], judged: Judged) -> None:
    regions = simulate(300, days=420).tables["customers"].set_index("customer_id")["region"]
    groups = regions[judged.best.scored["customer_id"]].reset_index(drop=True)
    expected = fairness(judged.best.scored, groups)
    assert told["fairness"]["column"] == "customers.region"
    assert [row["group"] for row in told["fairness"]["rows"]] == expected["group"].tolist()
    assert [row["rows"] for row in told["fairness"]["rows"]] == expected["rows"].tolist()
    assert [row["rate"] for row in told["fairness"]["rows"]] == pytest.approx(expected["rate"].tolist())


def test_reliability_is_told_by_part_and_pooled(told: dict[str, Any], judged: Judged) -> None:
    assert list(told["reliability"]) == [*PARTS, POOLED]
    for part, table in told["reliability"].items():
        rows = judged.best.scored if part == POOLED else judged.best.scored[judged.best.scored["part"] == part]
        assert sum(each["rows"] for each in table) == len(rows)


def test_examples_are_the_highest_the_middle_and_the_lowest(told: dict[str, Any], judged: Judged) -> None:
    latest = judged.best.scored[judged.best.scored["part"] == PARTS[-1]]
    ranked = np.sort(latest["score"])[::-1]
    assert [each["which"] for each in told["examples"]] == ["highest", "middle", "lowest"]
    assert [each["score"] for each in told["examples"]] == [ranked[0], ranked[len(ranked) // 2], ranked[-1]]
    assert all(each["reasons"] for each in told["examples"])
    assert all(reason["sentence"] for each in told["examples"] for reason in each["reasons"])


# Other questions


def test_without_a_worth_there_is_no_money(judged: Judged, task: Task, splits: Splits) -> None:
    found = record(judged, task, splits, title="Who leaves")
    assert found["money"] is None
    assert len(found["gains"]) == 10
    bare = record(judged, task, splits, title="t", worth=Worth(CAMPAIGN))
    assert bare["money"]["at_budget"] is None
    spent = record(judged, task, splits, title="t", worth=Worth(CAMPAIGN, value_from="spend_182d", money=60.0))["money"]
    assert 0 < spent["at_budget"]["spent"] <= 60.0
    with pytest.raises(ValueError, match="value_from is 'wealth', which is none of the study's features; add it"):
        record(judged, task, splits, title="t", worth=Worth(CAMPAIGN, value_from="wealth"))


def test_a_customer_of_whom_nothing_is_known_is_worth_nothing() -> None:
    X = pd.DataFrame({"spend": [10.0, None, 30.0]})
    worth = Worth(CAMPAIGN, value_from="spend", margin=0.5)
    values = worth.values(X)
    assert values is not None
    assert values.tolist() == [5.0, 0.0, 15.0]
    assert Worth(CAMPAIGN).values(X) is None


def test_amounts_have_tenths_and_no_gains(churn: Task, churn_splits: Splits) -> None:
    task = replace(churn, target=TARGETS["future_spend"])
    first = churn_splits.parts[0].train.X["cutoff"].min()
    splits = rolling(task, first=first, step_days=28, tests=[part.first_test for part in churn_splits.parts])
    judged = judge("spend", task, splits, models={"boosted": {"rounds": 20}})
    found = record(judged, task, splits, title="Spend")
    assert np.isfinite(list(numbers(found))).all()
    assert not {"gains", "money", "fairness"} & set(found)
    scored = judged.best.scored.sort_values("score", kind="stable")
    table = found["reliability"][POOLED]
    assert len(table) == 10
    lowest = scored.head(table[0]["rows"])
    assert table[0]["predicted"] == pytest.approx(lowest["score"].mean())
    assert sum(each["observed"] * each["rows"] for each in table) == pytest.approx(scored["actual"].sum())


def test_segments_have_no_curves(churn: Task, churn_data: Split) -> None:
    task, splits = replace(churn, target=None, horizon_days=0), Splits((churn_data,), churn_data)
    judged = judge("sorts", task, splits, models={"segments": {"k": 3}}, champion="segments")
    found = record(judged, task, splits, title="Sorts")
    assert list(numbers(found))
    assert found["question"]["target"] is None
    assert not {"held", "reliability", "gains", "money", "fairness"} & set(found)
    assert found["examples"] == []
    assert "It gives no reasons: its score is no sum over features." in found["limits"]


@pytest.fixture(scope="module")
def people() -> Task:
    """Ask who of 600 customers without dates leaves: most of those who pay monthly."""
    rng = np.random.default_rng(0)
    monthly = rng.random(600) < 0.5
    left = rng.random(600) < np.where(monthly, 0.5, 0.15)
    table = pd.DataFrame(
        {
            "customer_id": [f"person-{number:04}" for number in range(600)],
            "contract": np.where(monthly, "monthly", "yearly"),
            "tenure": rng.integers(1, 70, 600),
            "left": np.where(left, "Yes", "No"),
        }
    )
    history: History = admit("people", {"customers": table})
    (label,) = chosen(["customers.left=Yes"], history)
    features = chosen(["customers.contract", "customers.tenure"], history)
    group = chosen(["customers.contract"], history)[0]
    return Task(history, POPULATIONS["listed"], features, replace(label, kind="binary"), group=group)


def test_folds_are_told_as_repeats(people: Task) -> None:
    """A repeat holds every customer once: what is drawn of the latest one is of all of them."""
    splits = folds(people, count=3, repeats=2, seed=0)
    judged = judge("people", people, splits, models={"boosted": {"rounds": 20}, "base_rate": {}}, baseline="base_rate")
    found = record(judged, people, splits, title="People", worth=Worth(CAMPAIGN, customers=50))
    assert np.isfinite(list(numbers(found))).all()
    assert "person-" not in json.dumps(found)
    assert found["judged"] == "folds"
    assert found["data"]["end"] is None
    assert [part["name"] for part in found["parts"]] == ["repeat 1", "repeat 2"]
    for part in found["parts"]:
        assert (part["test_rows"], part["cutoffs"], part["from"], part["to"]) == (600, 0, None, None)
    assert found["learned"]["rows"] == 600
    assert list(found["held"]) == ["repeat 1", "repeat 2"]
    assert found["money"]["part"] == "repeat 2"
    assert found["money"]["curve"][-1]["contacted"] == 600
    assert sum(bin["rows"] for bin in found["reliability"]["repeat 2"]) == 600
    assert found["fairness"]["rows"][0]["rows"] == 1200
    assert found["fairness"]["rows"][0]["customers"] == 600
    assert (
        "The data have no dates: whether it will hold in time could not be judged, only for other customers."
        in (found["limits"])
    )
    assert found["importance"]
    auc = found["models"]["boosted"]["metrics"]["repeat 1"]["roc_auc"]["value"]
    rows = judged.models["boosted"].scored
    rows = rows[rows["part"] == "repeat 1"]
    assert auc == METRICS["roc_auc"](rows["actual"], rows["score"])


def test_pairs_are_those_that_are_asked_about(pairs: Task, pairs_splits: Splits) -> None:
    judged = judge("sold", pairs, pairs_splits, models={"cross_sell": {"rounds": 10}})
    found = record(judged, pairs, pairs_splits, title="Sold")
    data = pairs_splits.final.test
    asked = eligible(data.X)
    assert found["question"]["categories"] == list(pairs.categories)
    assert sum(each["rows"] for each in found["reliability"][POOLED]) == asked.sum()
    assert not re.search(r"C0\d{6}", json.dumps(found))
    assert create("cross_sell", rounds=10).get_params() == found["models"]["cross_sell"]["params"]


# Limits, in words


def worded(told: dict[str, Any], **changed: Any) -> list[str]:
    return limits({**told, **changed})


def test_limits_are_sentences(told: dict[str, Any]) -> None:
    said = told["limits"]
    assert said == limits(told)
    assert said[0] == "It speaks of known alone: Customers with a purchase before the cutoff."
    assert said[1] == "It speaks of 28 days, and of no longer time."
    assert said[-1] == "Reasons say what the score rests on, not what would change the customer's mind."
    assert all(line.endswith(".") and line[0].isupper() for line in said)
    assert not any("no dates" in line or "part(s)" in line or "no reasons" in line for line in said)


def test_a_lead_few_parts_and_overridden_alarms_are_limits(told: dict[str, Any]) -> None:
    question = {**told["question"], "lead_days": 7}
    assert "It speaks of 28 days, which begin 7 days after the score, and of no longer time." in worded(
        told, question=question
    )
    for parts in (1, 2):
        line = f"It was judged on {parts} part(s): how stable it is, is not known."
        assert line in worded(told, parts=told["parts"][:parts])
    leak = {"feature": "tenure", "kind": "alone", "message": "AUC of 0.95.", "reason": "a contract says so"}
    assert "An alarm was overridden for tenure (a contract says so): AUC of 0.95." in worded(told, leaks=[leak])


@pytest.mark.parametrize(("error", "named"), [(0.05, False), (0.0501, True), (None, False)])
def test_parts_whose_probabilities_were_off_are_limits(error: float | None, named: bool, told: dict[str, Any]) -> None:
    metrics = {"2024-11-10": {"ece": {"value": error}}, POOLED: {"ece": {"value": 0.9}}}
    models = {**told["models"], "boosted": {**told["models"]["boosted"], "metrics": metrics}}
    line = "At 2024-11-10 its probabilities were off by 0.050 in the mean: read them as a ranking."
    said = worded(told, models=models)
    assert (line in said) is named
    assert not any(line.startswith("At all") for line in said)


def test_what_is_graded_c_is_a_limit(told: dict[str, Any]) -> None:
    checks = [
        {"name": "volume", "letter": "C", "told": "9 customers"},
        {"name": "ranking", "letter": "B", "told": "good"},
    ]
    said = worded(told, grade={"letter": "C", "checks": checks})
    assert "Its volume is graded C: 9 customers." in said
    assert not any("ranking is graded" in line for line in said)


def test_overridden_alarms_are_recorded_with_their_reason(churn: Task, said: None) -> None:
    splits = rolled()
    judged = judge("t", churn, splits, models={"said": {}})
    leak = Leak("spend", "alone", 0.95, 0.9, "spend alone has an AUC of 0.95.", "it is simulated")
    found = record(replace(judged, leaks=(leak,)), churn, splits, title="t")
    assert found["leaks"] == [
        {"feature": "spend", "kind": "alone", "message": leak.message, "reason": "it is simulated"}
    ]
    assert f"An alarm was overridden for spend (it is simulated): {leak.message}" in found["limits"]


def test_pairs_are_explained_with_all_that_their_customer_bought(pairs: Task, pairs_splits: Splits) -> None:
    """The weightiest reason of the best offer is that of the whole frame's terms, which add up to its score."""
    made = backtest("sold", pairs, pairs_splits, model="cross_sell", params={"rounds": 20})
    (part,) = made.parts
    X, model = part.split.test.X, cast("CrossSell", part.model)
    asked = eligible(X)
    terms = model.contributions(X)[asked]
    assert expit(terms.sum(axis=1)) == pytest.approx(part.scored["score"].to_numpy(), abs=1e-6)
    best = int(np.argmax(part.scored["score"].to_numpy()))
    concepts, points = concepts_of(model.features_), Counter[str]()
    for feature, term in zip(model.features_, terms[best], strict=False):
        points[concepts[feature].title] += term
    assert examples(made)[0]["reasons"][0]["title"] == max(points, key=lambda title: abs(points[title]))
