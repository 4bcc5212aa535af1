"""Attributes of customers as covariates of a task's model: asked for by name, fitted, restored, and refused by name."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from features.library import TARGETS, chosen
from models.estimators import create
from training.fit import NotFitted, fit
from training.splits import rolling
from training.task import Task

TEST = pd.Timestamp("2025-01-05")


def orders(churn: Task, *attributes: str) -> Task:
    """Ask how many orders come, with attributes beside recency and frequency."""
    features = chosen(["rfm", *attributes], churn.history)
    return replace(churn, target=TARGETS["orders"], features=features)


@pytest.mark.parametrize("model", ["bgnbd", "mbgnbd", "pareto_nbd"])
def test_an_attribute_is_a_covariate(churn: Task, model: str) -> None:
    task = orders(churn, "customers.region=north")
    (split,) = rolling(task, first=TEST - pd.Timedelta(days=56), step_days=28, tests=[TEST]).parts
    params: dict[str, Any] = {"transaction_covariates": ["customers.region=north"]}
    made = fit(task, split, model=model, params=params)
    told = made.model.state()["params"]
    assert list(told)[4:] == ["transaction:customers.region=north"]
    again = create(model, horizon_days=28, **params).restore(made.model.state())
    assert again.predict(split.test.X).tolist() == made.scored["score"].tolist()
    plain = create(model, horizon_days=28).fit(split.test.X, split.test.y)
    assert abs(told["r"] - plain.state()["params"]["r"]) < 0.5
    assert (plain.predict(split.test.X) != made.scored["score"]).all()


def test_a_covariate_that_is_no_feature_or_no_number_is_told(churn: Task) -> None:
    for attribute, error, said in (
        ("customers.region=north", ValueError, r"needs the features \['customers.region=south'\]"),
        ("customers.region", NotFitted, r"\['customers.region'\] are no numbers; ask for one of their values"),
    ):
        task = orders(churn, attribute)
        (split,) = rolling(task, first=TEST - pd.Timedelta(days=56), step_days=28, tests=[TEST]).parts
        asked = "customers.region=south" if error is ValueError else attribute
        with pytest.raises(error, match=said):
            fit(task, split, model="pareto_nbd", params={"lifetime_covariates": [asked]})
