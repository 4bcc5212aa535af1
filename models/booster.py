"""The one door to XGBoost: fit, predict, explain, and the booster as its own UBJSON."""

import json
from functools import cache
from importlib.metadata import packages_distributions
from typing import Any, Protocol

import numpy as np
import xgboost
from numpy.typing import NDArray

from models.contract import TargetKind

Booster = xgboost.Booster
"""Fitted trees."""

OBJECTIVES: dict[TargetKind, dict[str, object]] = {
    "binary": {"objective": "binary:logistic"},
    "count": {"objective": "count:poisson"},
    "amount": {"objective": "reg:tweedie", "tweedie_variance_power": 1.5},
}
"""Each objective predicts the expected value of its target: a probability, a count, an amount of money."""
SIGNED: dict[str, object] = {"objective": "reg:squarederror"}
"""The objective of amounts that may be below 0: the mean again, on its own scale."""


class Knobs(Protocol):
    """How trees grow, in our names, as the models that grow some are told."""

    depth: int
    learning_rate: float
    min_child_weight: float
    column_share: float
    row_share: float
    threads: int
    seed: int


def params_of(knobs: Knobs) -> dict[str, object]:
    """Say in XGBoost's names how trees grow."""
    return {
        "max_depth": knobs.depth,
        "eta": knobs.learning_rate,
        "min_child_weight": knobs.min_child_weight,
        "colsample_bytree": knobs.column_share,
        "subsample": knobs.row_share,
        "nthread": knobs.threads,
        "seed": knobs.seed,
    }


def fit_booster(
    values: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    kind: TargetKind,
    rounds: int,
    params: dict[str, object],
    types: list[str] | None = None,
    signed: bool = False,
) -> xgboost.Booster:
    """Fit trees to rows × features; NaN is a missing value.

    `types` says for each feature whether it is a quantity ("q") or a code without order ("c"); None: all quantities.
    `signed` says that amounts may be below 0.
    """
    data = xgboost.DMatrix(values, target, feature_types=types)
    fixed = {"tree_method": "hist", "verbosity": 0}
    return xgboost.train({**fixed, **(SIGNED if signed else OBJECTIVES[kind]), **params}, data, num_boost_round=rounds)


def predict_booster(booster: xgboost.Booster, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predict the expected value for each row."""
    return np.asarray(booster.inplace_predict(values), dtype=np.float64)


def contributions_booster(booster: xgboost.Booster, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each feature's share of the margin, rows × (features + 1), the last the base: exact TreeSHAP.

    Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees. XGBoost
    computes in float32: the sum is the margin to some 1e-6.
    """
    data = xgboost.DMatrix(values, feature_types=booster.feature_types)
    return np.asarray(booster.predict(data, pred_contribs=True), dtype=np.float64)


def to_bytes(booster: xgboost.Booster) -> bytes:
    """Write a booster as UBJSON."""
    return bytes(booster.save_raw("ubj"))


def from_bytes(raw: bytes, *, threads: int) -> xgboost.Booster:
    """Read a booster from UBJSON, to run on so many threads."""
    booster = xgboost.Booster(params={"nthread": threads})
    booster.load_model(bytearray(raw))
    return booster


def described(booster: xgboost.Booster) -> dict[str, Any]:
    """Give what XGBoost writes of a booster as JSON: trees, objective and base score; floats are float32's shortest."""
    made: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return made


@cache
def distribution() -> str:
    """Name the installed package that gives the module: `xgboost-cpu` on most systems, else `xgboost`."""
    return packages_distributions()["xgboost"][0]
