"""Models of customers who leave unseen are refused of those under contract, unless a person says otherwise."""

from dataclasses import replace

import pandas as pd
import pytest

from features.engine.door import admit
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.estimators import MODELS
from tests.features.payments import START, monthly, weekly_groceries
from training.backtest import backtest
from training.fit import fit
from training.splits import Splits, rolling
from training.task import Task

SILENT = {name for name, model in MODELS.items() if getattr(model, "noncontractual", False)}


def orders(history: History) -> Task:
    """Ask how often customers buy in eight weeks."""
    return Task(history, POPULATIONS["known"], chosen(["rfm", "opportunities"]), TARGETS["orders"], horizon_days=56)


def split(task: Task) -> Splits:
    first = START + pd.Timedelta(days=100)
    return rolling(task, first=first, step_days=28, tests=[START + pd.Timedelta(days=280)])


@pytest.fixture(scope="module")
def paid() -> Task:
    return orders(admit("paid", {"transactions": monthly(400)}, end=START + pd.Timedelta(days=400)))


@pytest.mark.parametrize("model", ["bgnbd", "mbgnbd", "pareto_nbd"])
def test_payments_of_contracts_are_refused_with_advice(paid: Task, model: str) -> None:
    told = f"model {model!r} is of customers who may leave at any time, unseen, and these are under contract: of "
    with pytest.raises(ValueError, match=told) as refused:
        fit(paid, split(paid).final, model=model, params={})
    for word in ("buy every month", "shifted_beta_geometric", "beta_discrete_weibull", 'setting = "noncontractual"'):
        assert word in str(refused.value)


def test_each_of_these_models_is_refused_in_its_own_question(paid: Task) -> None:
    questions = {"count": "orders", "amount": "future_spend", "binary": "churned"}
    for model in sorted(SILENT - {"bgbb"}):
        (kind,) = MODELS[model].kinds
        task = replace(paid, target=TARGETS[questions[kind]])
        with pytest.raises(ValueError, match="these are under contract"):
            fit(task, split(task).final, model=model, params={})


def test_regular_purchases_do_not_speak_against_a_model_of_opportunities(paid: Task) -> None:
    """But what is said does, and contracts do."""
    assert fit(paid, split(paid).final, model="bgbb", params={}).model_name == "bgbb"
    with pytest.raises(ValueError, match=r"under contract: that is said \(setting\)"):
        fit(replace(paid, setting="contractual"), split(paid).final, model="bgbb", params={})


def test_models_that_learn_from_outcomes_are_not_asked(paid: Task) -> None:
    assert fit(paid, split(paid).final, model="boosted", params={"rounds": 3}).model_name == "boosted"


def test_a_person_may_say_that_it_is_no_contract_and_that_goes_on_record(paid: Task) -> None:
    said = replace(paid, setting="noncontractual")
    made = backtest("paid", said, split(said), model="bgnbd", params={})
    told = made.artifact.provenance["setting"]
    assert told.startswith("noncontractual, as is said; of ")
    assert "buy every month" in told


def test_a_till_is_trusted_and_nothing_goes_on_record() -> None:
    task = orders(admit("till", {"transactions": weekly_groceries(300)}))
    first, test = task.history.end - pd.Timedelta(days=130), task.history.end - pd.Timedelta(days=57)
    parts = rolling(task, first=first, step_days=7, tests=[test])
    assert "setting" not in backtest("till", task, parts, model="base_rate").artifact.provenance
    fit(task, parts.final, model="bgbb", params={"period_days": 7})
    with pytest.raises(ValueError, match=r"under contract: that is said \(setting\)"):
        fit(replace(task, setting="contractual"), parts.final, model="bgbb", params={})


@pytest.mark.parametrize("model", ["bgnbd", "bgbb"])
@pytest.mark.parametrize("population", ["subscribers", "members"])
def test_subscribers_are_under_contract(simulated: History, population: str, model: str) -> None:
    task = replace(orders(simulated), population=POPULATIONS[population])
    parts = rolling(task, first=pd.Timestamp("2024-08-18"), step_days=28, tests=[pd.Timestamp("2024-12-15")])
    with pytest.raises(ValueError, match="100% of the customers asked about have a contract"):
        fit(task, parts.final, model=model, params={})
