"""Swaps, killed workers and a Redis server that goes and comes, under load: a short form of the benchmark of faults."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from configs.settings import Settings
from experiments.benchmarks.serving.asking import Broken, Refused, Seen, faults_of
from experiments.benchmarks.serving.faults import Away, Trial, lags, told, trial
from experiments.benchmarks.serving.outside import Outside, redis_server
from experiments.benchmarks.serving.swapped import Expected, Swapped
from experiments.benchmarks.serving.workers import Killing, Workers
from serving.messages import Answer, ById, Refusal, Score

OLD, NEW = "2026-06-30T00:00:00", "2026-07-01T00:00:00"
EXPECTED: Expected = {
    (model, version, cutoff): {"a": base + place / 8, "b": base + place / 8 + 1 / 16}
    for base, model in ((0.0, "churn"), (100.0, "value"))
    for place, (version, cutoff) in enumerate((v, c) for v in "12" for c in (OLD, NEW))
}
ASKED = ById(["a", "b"])
MODELS = ["churn", "value"]


def score(customer_id: str, model: str, version: str, cutoff: str, **other: float) -> Score:
    value = other.get("score", EXPECTED[model, version, cutoff][customer_id])
    return Score(customer_id, model, version, "churned", 91, cutoff, value)


def answer(**changed: Score | Refusal) -> Answer:
    """Give an answer that is right but for what is changed, by customer and model: `a_churn`."""
    results = [changed.get(f"{each}_{model}", score(each, model, "1", OLD)) for each in "ab" for model in MODELS]
    return Answer("w-1", "now", results)


def test_what_belongs_together_is_right() -> None:
    assert faults_of(answer(), ASKED, EXPECTED, MODELS) == []
    swapped = answer(a_value=score("a", "value", "2", NEW), b_value=score("b", "value", "2", NEW))
    assert faults_of(swapped, ASKED, EXPECTED, MODELS) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"a_churn": score("a", "churn", "1", OLD, score=EXPECTED["churn", "2", OLD]["a"])},
        {"a_churn": score("a", "churn", "1", OLD, score=EXPECTED["churn", "1", NEW]["a"])},
        {"a_churn": score("a", "churn", "1", OLD, score=EXPECTED["churn", "1", OLD]["b"])},
        {"b_value": score("b", "value", "1", NEW)},
        {"b_value": score("b", "value", "2", OLD)},
        {"b_value": Refusal("b", "unknown", "why", "value")},
        {"b_value": score("a", "value", "1", OLD)},
    ],
    ids=["other version", "other batch", "other customer", "two batches", "two versions", "refused", "other order"],
)
def test_what_does_not_is_found(changed: dict[str, Score | Refusal]) -> None:
    assert faults_of(answer(**changed), ASKED, EXPECTED, MODELS) != []


@pytest.fixture
def tried(tmp_path: Path) -> Trial:
    """Give a trial that swapped at 10 and 20 s; the store was away from 30 to 31 s."""
    swapped = Swapped(Settings(tmp_path, ""), {}, ())  # type: ignore[arg-type]  # no frames
    swapped.promoted += [(0.0, "1"), (10.0, "2"), (20.0, "1")]
    swapped.written += [(0.0, OLD), (10.0, NEW)]
    return Trial(swapped, Workers(0, tmp_path / "log"), 0, store_away=Away([(30.0, 31.0)]))


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        ({}, True),
        ({"refused": [Refused(30.5, 503, "store_away")]}, True),
        ({"refused": [Refused(33.9, 503, "store_away")]}, True),
        ({"refused": [Refused(34.1, 503, "store_away")]}, False),
        ({"refused": [Refused(29.9, 503, "store_away")]}, False),
        ({"refused": [Refused(30.5, 500, "internal")]}, False),
        ({"broken": [Broken(15.1, "reset", "dead")]}, True),
        ({"broken": [Broken(15.1, "reset", "alive")]}, False),
        ({"broken": [Broken(16.0, "reset", "dead")]}, False),
        ({"hung": 1}, False),
        ({"wrong_answers": 1}, False),
    ],
)
def test_errors_are_those_that_are_documented(tried: Trial, fault: dict[str, object], kept: bool) -> None:
    seen = Seen(latencies=[0.001], workers={"dead": 15.0, "alive": 40.0}, **fault)  # type: ignore[arg-type]
    killing = Killing(tried.workers, 1.0, kills=[15.0])
    assert told(tried, seen, killing)["kept"] is kept


def test_lags_are_of_answers_that_are_still_old(tried: Trial) -> None:
    seen = Seen(stale=[(9.0, "1", OLD), (10.5, "1", OLD), (11.0, "2", NEW), (20.25, "2", NEW), (32.0, "1", OLD)])
    assert lags(tried, seen) == {"models": [0.5, 0.25], "batches": [0.5]}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[Outside, str]]:
    if shutil.which("redis-server") is None:
        pytest.skip("NO REDIS SERVER HERE: redis-server is not on PATH; install it")
    with redis_server(tmp_path) as server:
        yield server


def test_nothing_is_wrong_under_faults(tmp_path: Path, redis: tuple[Outside, str]) -> None:
    settings = Settings(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}", named_store=redis[1])
    with trial(settings, workers=2) as made:
        away = {2: lambda: made.without_store(redis[0])}
        found = made.run(seconds=8, swaps=6, every=2, connections=4, outside=away, all_at_the_end=False)
    assert found["kept"], found
    assert found["swaps"] == {"models": 6, "batches": 6}
    assert found["kills"] >= 1
    assert found["store_away"] > 0
    assert found["moments_answered"] >= 12
    assert found["answers"] > 500
