"""Who answers: the forest where it says what XGBoost says, else XGBoost itself."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from models.booster import contributions_booster, predict_booster
from models.estimators.boosted import Boosted
from models.trees.contributions import Shapley
from models.trees.ensemble import GOLDEN, Ensemble, golden
from models.trees.forest import Forest
from models.trees.predict import Walk
from tests.models.trees.boosters import FEATURES, OBJECTIVES, drawn, fitted, made_up

ROWS = drawn(150, seed=3)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_plain_trees_are_the_forests(objective: str) -> None:
    booster = fitted(objective, rounds=30, depth=4)
    trees = Ensemble(booster)
    assert trees.engine == "forest"
    assert trees.predict(ROWS).tobytes() == predict_booster(booster, ROWS).tobytes()
    assert trees.contributions(ROWS).tobytes() == Shapley.of(Forest.of(booster)).contributions(ROWS).tobytes()


def test_others_are_xgboosts() -> None:
    data = xgboost.DMatrix(ROWS, np.nan_to_num(ROWS[:, 0]))
    booster = xgboost.train({"booster": "dart", "nthread": 1, "rate_drop": 0.5, "seed": 1}, data, 5)
    trees = Ensemble(booster)
    assert trees.engine == "xgboost"
    assert trees.predict(ROWS).tolist() == predict_booster(booster, ROWS).tolist()
    assert trees.contributions(ROWS).tolist() == contributions_booster(booster, ROWS).tolist()


FAULTS: dict[str, Any] = {
    "an ulp of the base": lambda forest: replace(forest, base=np.nextafter(forest.base, np.float32(9))),
    "a null that goes astray": lambda forest: _with(forest, default_left=~forest.nodes.default_left),
    "one threshold an ulp off": lambda forest: _with(forest, threshold=_nudged(forest)),
    "one leaf an ulp off": lambda forest: _with(forest, value=_leaf(forest)),
    "another link": lambda forest: replace(forest, link=0),
}


def _with(forest: Forest, **changed: Any) -> Forest:
    return replace(forest, nodes=replace(forest.nodes, **changed))


def _nudged(forest: Forest) -> Any:
    threshold = forest.nodes.threshold.copy()
    threshold[0] = np.nextafter(threshold[0], np.float32(np.inf))
    return threshold


def _leaf(forest: Forest) -> Any:
    value, leaf = forest.nodes.value.copy(), np.flatnonzero(forest.nodes.leaf)[-1]
    value[leaf] = value[leaf] * 1.001
    return value


@pytest.mark.parametrize("fault", FAULTS)
def test_a_forest_that_says_anything_else_does_not_answer(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    booster = fitted("binary:logistic", rounds=30, depth=4)
    right = Forest.of(booster)
    monkeypatch.setattr(Forest, "of", lambda booster: FAULTS[fault](right))
    trees = Ensemble(booster)
    assert trees.engine == "xgboost"
    assert trees.predict(ROWS).tolist() == predict_booster(booster, ROWS).tolist()
    assert trees.contributions(ROWS).tolist() == contributions_booster(booster, ROWS).tolist()


def test_shares_that_are_not_xgboosts_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    booster = fitted("binary:logistic", rounds=30, depth=4)
    right = Shapley.of(Forest.of(booster))
    wrong = replace(right, splits=right.splits._replace(share=1 - right.splits.share))
    monkeypatch.setattr(Shapley, "of", lambda forest: wrong)
    trees = Ensemble(booster)
    assert trees.contributions(ROWS).tolist() == contributions_booster(booster, ROWS).tolist()
    assert trees.engine == "forest"


@pytest.mark.parametrize("seed", range(3))
def test_golden_rows_are_the_same_each_time_and_go_everywhere(seed: int) -> None:
    forest = Forest.of(made_up("binary:logistic", rounds=40, depth=4, seed=seed))
    rows = golden(forest)
    assert rows.shape == (GOLDEN, FEATURES)
    assert rows.tobytes() == golden(forest).tobytes()
    assert np.isnan(rows).any(axis=0).all()
    assert not np.isinf(rows).any()
    assert len(np.unique(Walk.of(forest).predict(rows))) > GOLDEN / 2


def frame(**columns: Any) -> pd.DataFrame:
    keys = {"customer_id": [f"c{n}" for n in range(150)], "cutoff": pd.Timestamp("2024-01-01")}
    return pd.DataFrame({**keys, **{f"x{n}": column for n, column in enumerate(ROWS.T)}, **columns})


def test_a_model_tells_who_answers() -> None:
    y = pd.Series((np.nan_to_num(ROWS[:, 0]) > 0).astype(float))
    plan = pd.Series(np.where(np.arange(150) % 5 < 2, "gold", "iron"), dtype="str")
    assert Boosted(rounds=5).fit(frame(), y).engine_ == "forest"
    assert Boosted(rounds=5).fit(frame(plan=plan), y).engine_ == "forest"
    native = Boosted(rounds=9, categories="native", column_share=1.0, min_child_weight=0.0)
    model = native.fit(frame(plan=plan), (plan == "gold").astype(float))
    assert model.engine_ == "xgboost"
    assert Boosted(**model.get_params()).restore(model.state()).engine_ == "xgboost"
