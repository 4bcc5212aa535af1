"""Boosters for tests: fitted ones, and ones whose splits were made up."""

import json
from typing import Any, Final

import numpy as np
import xgboost
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OBJECTIVES: Final = ("binary:logistic", "count:poisson", "reg:tweedie", "reg:squarederror")
FEATURES: Final = 7
LARGEST: Final = float(np.finfo(np.float32).max)
ODD: Final = (0.0, -0.0, 1e-45, -1e-45, 1e-39, 1e-300, 1.0, 1 + 1e-9, LARGEST, -LARGEST, 1e300, np.inf, -np.inf, np.nan)
"""Values at which a float32 ends, and beyond."""


def drawn(rows: int, *, features: int = FEATURES, seed: int = 0) -> Floats:
    """Draw rows with nulls, some features with few values."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, features))
    values[:, ::3] = np.round(values[:, ::3])
    values[rng.random(values.shape) < 0.1] = np.nan
    return values


def fitted(
    objective: str, *, rounds: int, depth: int, rows: int = 1500, features: int = FEATURES, **params: Any
) -> Any:
    """Fit a booster on rows of which the first three features decide, or the fewer there are."""
    rng = np.random.default_rng(rounds + depth)
    X = drawn(rows, features=features)
    one, other, third = (np.nan_to_num(X[:, place % features], nan=place) for place in range(3))
    score = one - other * third + rng.normal(0, 0.5, rows)
    counts = rng.poisson(np.exp(np.clip(score, -3, 3)))
    y = {"reg:squarederror": score, "binary:logistic": score > 0.3}.get(objective, counts)
    chosen = {"objective": objective, "max_depth": depth, "nthread": 1, "verbosity": 0, "eta": 0.2, **params}
    return xgboost.train(chosen, xgboost.DMatrix(X, y.astype(float)), rounds)


def trees_of(booster: Any) -> list[dict[str, Any]]:
    """Give the trees as XGBoost writes them."""
    written: list[dict[str, Any]] = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"][
        "trees"
    ]
    return written


def edited(booster: Any, **changed: Any) -> Any:
    """Give a booster whose trees' arrays are what functions of (their name's array, the tree) make of them."""
    written = json.loads(bytes(booster.save_raw("json")))
    for tree in written["learner"]["gradient_booster"]["model"]["trees"]:
        before = {key: np.array(value) for key, value in tree.items() if isinstance(value, list)}
        for name, change in changed.items():
            tree[name] = np.asarray(change(before[name], before)).tolist()
    made = xgboost.Booster(params={"nthread": 1})
    made.load_model(bytearray(json.dumps(written).encode()))
    return made


def made_up(objective: str, *, rounds: int, depth: int, seed: int = 0) -> Any:
    """Give a booster that splits at odd values, sends nulls anywhere, and has any leaves."""
    rng = np.random.default_rng(seed)
    odd = [value for value in ODD if abs(value) <= LARGEST]

    def conditions(before: Any, tree: Any) -> Any:
        odd_ones = rng.choice(odd, before.shape)
        splits = np.where(rng.random(before.shape) < 0.5, odd_ones, rng.normal(size=before.shape))
        return np.where(tree["left_children"] < 0, rng.normal(0, 0.3, before.shape), splits).astype(np.float32)

    def sides(before: Any, tree: Any) -> Any:
        return np.where(tree["left_children"] < 0, before, rng.integers(0, 2, before.shape))

    trained = fitted(objective, rounds=rounds, depth=depth, min_child_weight=0)
    return edited(trained, split_conditions=conditions, default_left=sides)


def telling(booster: Any, *, rows: int, features: int = FEATURES, seed: int = 1) -> Floats:
    """Draw rows of values that trees split at, those next to them in float32 and in float64, and odd ones."""
    rng = np.random.default_rng(seed)
    table = booster.trees_to_dataframe()
    at = table["Split"].dropna().to_numpy(dtype=np.float32)
    with np.errstate(over="ignore"):
        near = [at, np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf))]
    exact = np.concatenate(near).astype(np.float64)
    close = np.concatenate([np.nextafter(exact, np.inf), np.nextafter(exact, -np.inf)])
    values = np.concatenate([exact, close, rng.normal(size=len(exact) + 1), np.repeat(ODD, 1 + len(exact) // 20)])
    return np.asarray(rng.choice(values, (rows, features)))
