"""The walk down the trees gives XGBoost's own numbers, bit for bit."""

import threading
from time import perf_counter
from typing import Any, cast

import numpy as np
import pytest
import xgboost

from models.booster import predict_booster
from models.trees.forest import Forest
from models.trees.link import EXPONENTIAL, IDENTITY, LOGISTIC
from models.trees.predict import LANES, Walk, linked, predict
from tests.models.trees.boosters import FEATURES, OBJECTIVES, ODD, Floats, drawn, edited, fitted, made_up, telling


def same(booster: Any, values: Floats) -> None:
    """Assert that forest and XGBoost say the same, all together and row by row."""
    walk, expected = Walk.of(Forest.of(booster)), predict_booster(booster, values)
    predicted = walk.predict(values)
    assert predicted.tobytes() == expected.tobytes()
    for row in range(0, len(values), 1 + len(values) // 50):
        assert walk.predict(values[row : row + 1]).tobytes() == expected[row : row + 1].tobytes()


def test_a_stump_by_hand() -> None:
    """Less than the threshold goes left, as much goes right, a null where the split says."""
    stump = fitted("reg:squarederror", rounds=1, depth=1, base_score=0.5)
    to_left, to_right = (
        edited(
            stump,
            split_conditions=lambda before, tree: [1.5, 10.0, 20.0],
            split_indices=lambda before, tree: [2, 0, 0],
            default_left=lambda before, tree, side=side: [side, 0, 0],
        )
        for side in (1, 0)
    )
    rows = np.zeros((6, FEATURES))
    rows[:, 2] = [1.0, 1.5, 2.0, np.nan, -np.inf, np.inf]
    assert Walk.of(Forest.of(to_left)).predict(rows).tolist() == [10.5, 20.5, 20.5, 10.5, 10.5, 20.5]
    assert Walk.of(Forest.of(to_right)).predict(rows).tolist() == [10.5, 20.5, 20.5, 20.5, 10.5, 20.5]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("rounds", "depth"), [(1, 1), (1, 12), (3, 2), (40, 3), (60, 6), (30, 12), (500, 2)])
def test_it_says_what_xgboost_says(objective: str, rounds: int, depth: int) -> None:
    booster = fitted(objective, rounds=rounds, depth=depth, min_child_weight=0.5)
    same(booster, drawn(3000, seed=5))
    same(booster, telling(booster, rows=3000))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_says_so_of_splits_at_the_ends_of_float32(objective: str, seed: int) -> None:
    booster = made_up(objective, rounds=20, depth=2 + seed, seed=seed)
    same(booster, telling(booster, rows=2000, seed=seed))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_trees_that_are_a_single_leaf(objective: str) -> None:
    booster = fitted(objective, rounds=5, depth=3, gamma=1e9)
    assert Forest.of(booster).nodes.depths.tolist() == [0] * 5
    same(booster, drawn(100))


@pytest.mark.parametrize("score", [1e-30, 1e-7, 1.1e-6, 0.013, 0.2, 0.5, 0.73105, 0.999998, 0.9999999])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_base_score_of_any_size(objective: str, score: float) -> None:
    same(fitted(objective, rounds=4, depth=3, base_score=score), drawn(500, seed=2))


def test_certain_probabilities_and_large_counts() -> None:
    """Leaves so large that the link's ends are reached."""
    for objective in ("binary:logistic", "count:poisson"):
        booster = made_up(objective, rounds=30, depth=3)
        large = edited(
            booster, split_conditions=lambda before, tree: np.where(tree["left_children"] < 0, 40 * before, before)
        )
        same(large, telling(large, rows=3000))


@pytest.mark.parametrize("parallel", [1, 4])
def test_trees_of_one_round_are_added_like_others(parallel: int) -> None:
    same(fitted("binary:logistic", rounds=6, depth=4, num_parallel_tree=parallel, subsample=0.5), drawn(500, seed=3))


@pytest.mark.parametrize("features", [1, 2, 130])
def test_few_and_many_features(features: int) -> None:
    X = drawn(900, features=features)
    y = np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, -1])
    booster = xgboost.train({"max_depth": 5, "nthread": 1}, xgboost.DMatrix(X, y), 20)
    same(booster, drawn(700, features=features, seed=9))
    same(booster, telling(booster, rows=700, features=features))


@pytest.mark.parametrize(
    ("objective", "link"),
    [("binary:logistic", LOGISTIC), ("count:poisson", EXPONENTIAL), ("reg:tweedie", EXPONENTIAL)],
)
def test_the_links_are_xgboosts_over_all_of_float32(objective: str, link: int) -> None:
    """A booster whose trees say nothing makes its link of any margin."""
    silent = xgboost.train(
        {"objective": objective, "eta": 0.0, "nthread": 1}, xgboost.DMatrix(np.zeros((4, 1)), [0, 1, 0, 1]), 1
    )
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 100_000, dtype=np.uint32).view(np.float32)
    margins = np.concatenate([bits[~np.isnan(bits)], rng.normal(0, 9, 100_000).astype(np.float32), _ends()])
    expected = silent.inplace_predict(np.zeros((len(margins), 1)), base_margin=margins)
    found = np.array([linked(each, link) for each in margins], dtype=np.float32)
    assert found.tobytes() == expected.tobytes()
    assert [linked(each, IDENTITY) for each in margins[:9]] == margins[:9].tolist()


def _ends() -> Any:
    finite = [value for value in ODD if abs(value) < 1e38]
    ends = [88.7, 88.72, 88.73, 89, 103.9, 104, np.inf, -np.inf, -88.7, -103.98, 16.6, 17.4, *finite]
    return np.array(ends, dtype=np.float32)


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 31, 32, 33, LANES - 1, LANES, LANES + 1, 3 * LANES + 7])
def test_any_number_of_rows(rows: int) -> None:
    booster = fitted("binary:logistic", rounds=70, depth=4)
    values = drawn(400, seed=4)[:rows]
    predicted = Walk.of(Forest.of(booster)).predict(values)
    assert predicted.shape == (rows,)
    assert predicted.dtype == np.float64
    if rows:
        assert predicted.tobytes() == predict_booster(booster, values).tobytes()


def test_rows_in_any_memory_and_of_no_other_width() -> None:
    booster = fitted("count:poisson", rounds=10, depth=3)
    walk, values = Walk.of(Forest.of(booster)), drawn(90)
    expected = walk.predict(values).tolist()
    assert walk.predict(np.asfortranarray(values)).tolist() == expected
    assert walk.predict(values[::-2]).tolist() == expected[::-2]
    values.flags.writeable = False
    assert walk.predict(values).tolist() == expected
    assert walk.predict(np.asfortranarray(values.astype(np.float32))).shape == (90,)
    assert len(cast(Any, predict).signatures) == 1, "a type of memory of its own would be compiled while a caller waits"
    kept = values.tobytes()
    walk.predict(values)
    assert values.tobytes() == kept
    for wrong in (values[:, 1:], values[0], np.zeros((2, FEATURES + 1))):
        with pytest.raises(ValueError, match=r"the trees take rows × 7 features"):
            walk.predict(wrong)


def test_threads_do_not_meet() -> None:
    booster = fitted("binary:logistic", rounds=80, depth=5)
    walk, parts = Walk.of(Forest.of(booster)), [drawn(2000, seed=seed) for seed in range(4)]
    expected = [walk.predict(each).tolist() for each in parts]
    found: list[list[list[float]]] = [[] for _ in parts]

    def ask(place: int) -> None:
        found[place] = [walk.predict(parts[place]).tolist() for _ in range(10)]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[each] * 10 for each in expected]


def test_others_may_run_meanwhile() -> None:
    """While the loop runs on its thread, Python goes on in this one: nothing waits for half as long as it takes."""
    walk = Walk.of(Forest.of(fitted("binary:logistic", rounds=200, depth=6)))
    values = np.tile(drawn(2000), (200, 1))
    walk.predict(values[:1])
    thread = threading.Thread(target=walk.predict, args=(values,))
    times = [perf_counter()]
    thread.start()
    while thread.is_alive():
        times.append(perf_counter())
    assert np.diff(times).max() < 0.5 * (times[-1] - times[0])
