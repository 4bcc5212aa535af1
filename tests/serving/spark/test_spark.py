"""Scores on Spark are those of the batch, bit for bit, however the rows are spread."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from experiments.runs import Deployment
from features.engine.spark.history import tables_on_spark
from features.engine.spark.run import observe_on_spark
from features.history import History
from serving.batch import batch_frame
from serving.definitions import features_of
from serving.spark.score import score_on_spark

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
MODELS = ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]
PAIRS, ALONE = "shop_cross_sell", "shop_churn"
KEYS = ["customer_id", "cutoff", "category"]
Lent = Callable[[pd.DataFrame], "DataFrame"]


class Batches:
    """Champions, and frames of theirs: the shop's customers again and again, with other numbers."""

    def __init__(self, deployment: Deployment, history: History) -> None:
        self.deployment, self.history = deployment, history
        self.registered = cache(deployment.registry.load)
        self.observed = cache(lambda name: batch_frame(history, self.registered(name), cutoff=history.end))

    def many(self, name: str, *, times: int) -> pd.DataFrame:
        """Repeat a batch with new ids and shaken numbers, its rows in a drawn order."""
        rng = np.random.default_rng(11)
        parts = [self._shaken(self.observed(name), number, rng) for number in range(times)]
        return pd.concat(parts).sample(frac=1.0, random_state=5, ignore_index=True)

    def _shaken(self, frame: pd.DataFrame, number: int, rng: np.random.Generator) -> pd.DataFrame:
        numbers = [str(name) for name in frame if pd.api.types.is_float_dtype(frame[name])]
        rest = [name for name in numbers if not name.startswith(("frequency", "recency", "tenure", "category_bought"))]
        shaken = frame.assign(customer_id=frame["customer_id"] + f"-{number}")
        return shaken.assign(**{name: shaken[name] * rng.uniform(0.8, 1.0, len(frame)) for name in rest})


@pytest.fixture(scope="module")
def batches(deployment: Deployment, history: History) -> Batches:
    return Batches(deployment, history)


@pytest.fixture(scope="module")
def lent(spark: "SparkSession") -> Lent:
    """Make a frame one of the session."""

    def made(frame: pd.DataFrame) -> "DataFrame":
        table = pa.Table.from_pandas(frame, preserve_index=False)
        kinds = {pa.bool_(): "BOOLEAN", pa.float64(): "DOUBLE", pa.int64(): "BIGINT", pa.int8(): "TINYINT"}
        schema = [(field.name, field.type) for field in table.schema]
        told = ", ".join(
            f"`{name}` {'TIMESTAMP_NTZ' if pa.types.is_timestamp(kind) else kinds.get(kind, 'STRING')}"
            for name, kind in schema
        )
        return spark.createDataFrame(table, told)

    return made


def _ordered(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values([name for name in KEYS if name in scores], ignore_index=True)


def _taken(scored: "DataFrame") -> pd.DataFrame:
    return _ordered(pd.DataFrame(scored.toArrow().to_pandas()))


def _check_equal(scored: "DataFrame", expected: pd.DataFrame) -> None:
    """Compare all columns, numbers bit for bit."""
    taken, wanted = _taken(scored), _ordered(expected)
    assert list(taken) == list(wanted)
    assert len(taken) == len(wanted)
    for name in wanted:
        if pd.api.types.is_float_dtype(wanted[name]):
            assert taken[name].to_numpy().tobytes() == wanted[name].to_numpy().tobytes(), name
        else:
            assert _plain(taken[name]) == _plain(wanted[name]), name


def _plain(column: "pd.Series[Any]") -> list[object]:
    return [None if pd.isna(each) else each for each in column]


@pytest.fixture
def small_batches(spark: "SparkSession") -> Iterator[None]:
    """Let Arrow batches be of 64 rows, so that customers are split."""
    key = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = spark.conf.get(key)
    spark.conf.set(key, "64")
    yield
    spark.conf.set(key, str(before))


@pytest.mark.parametrize("name", MODELS)
def test_scores_are_the_batchs(batches: Batches, lent: Lent, name: str) -> None:
    registered, frame = batches.registered(name), batches.observed(name)
    scored = score_on_spark(lent(frame), registered)
    _check_equal(scored, registered.artifact.score(frame, version=registered.version))
    assert len(_taken(scored)) > 100


@pytest.mark.parametrize("name", MODELS)
def test_more_rows_than_a_batch_in_several_partitions(
    batches: Batches, lent: Lent, small_batches: None, name: str
) -> None:
    registered = batches.registered(name)
    frame = batches.many(name, times=4 if name == PAIRS else 20)
    expected = registered.artifact.score(frame, version=registered.version)
    _check_equal(score_on_spark(lent(frame).repartition(5), registered), expected)
    _check_equal(score_on_spark(lent(frame).coalesce(1), registered), expected)


@pytest.mark.parametrize("name", [ALONE, PAIRS])
def test_what_was_observed_on_spark_is_scored_there(
    spark: "SparkSession", batches: Batches, lent: Lent, tmp_path: Path, small_batches: None, name: str
) -> None:
    """The whole walk: the history's tables, its features and the scores on Spark; only scores are collected."""
    registered, history = batches.registered(name), batches.history
    frame = batches.observed(name)
    spine = lent(frame[[each for each in (*KEYS, "eligible") if each in frame]])
    tables = tables_on_spark(spark, history, tmp_path / "tables")
    observed = observe_on_spark(spark, tables, spine, features_of(registered.artifact), end=history.end)
    collected = pd.DataFrame(observed.toArrow().to_pandas())
    expected = registered.artifact.score(collected, version=registered.version)
    _check_equal(score_on_spark(observed, registered), expected)
    assert len(expected) > 100


@pytest.mark.parametrize("name", [ALONE, PAIRS])
def test_those_on_a_list_are_left_out_and_the_others_scored_as_before(
    batches: Batches, lent: Lent, small_batches: None, name: str
) -> None:
    registered, frame = batches.registered(name), batches.observed(name)
    scores = registered.artifact.score(frame, version=registered.version)
    out = sorted(scores["customer_id"].unique())[::3]
    scored = score_on_spark(lent(frame), registered, suppressed=[*out, "nobody"])
    _check_equal(scored, scores[~scores["customer_id"].isin(out)])


@pytest.mark.parametrize("name", [ALONE, PAIRS])
def test_those_with_a_mark_are_left_out_with_all_their_rows(
    batches: Batches, lent: Lent, small_batches: None, name: str
) -> None:
    """One row of a customer is marked; a list leaves out others."""
    registered, frame = batches.registered(name), batches.observed(name)
    twice = pd.concat([frame, frame.assign(cutoff=frame["cutoff"] - pd.Timedelta(days=1))], ignore_index=True)
    expected = registered.artifact.score(twice, version=registered.version)
    ids = sorted(frame["customer_id"].unique())
    marked, listed = ids[1::4], ids[2::4]
    last = ~twice["customer_id"].duplicated(keep="last")
    asked = twice.assign(opted_out=twice["customer_id"].isin(marked) & last)
    assert asked["opted_out"].sum() == len(marked)
    scored = score_on_spark(lent(asked).repartition(3), registered, suppressed=listed, suppressed_by="opted_out")
    _check_equal(scored, expected[~expected["customer_id"].isin([*marked, *listed])])


def test_nobody_is_left_and_no_rows_are_no_fault(batches: Batches, lent: Lent) -> None:
    registered, frame = batches.registered(PAIRS), batches.observed(PAIRS)
    everyone = list(frame["customer_id"].unique())
    assert len(_taken(score_on_spark(lent(frame), registered, suppressed=everyone))) == 0
    empty = score_on_spark(lent(frame).where("1 = 0"), registered)
    assert len(_taken(empty)) == 0
    assert empty.columns == list(registered.artifact.score(frame, version="1"))


def test_whole_numbers_are_ids_days_are_cutoffs_and_decimals_are_numbers(batches: Batches, lent: Lent) -> None:
    registered = batches.registered(ALONE)
    names = list(registered.artifact.features)
    frame = batches.observed(ALONE)
    frame = frame.assign(customer_id=np.arange(len(frame)), cutoff=frame["cutoff"].dt.normalize())
    frame = frame.assign(**{name: frame[name].round(2) for name in names})
    decimals = [f"CAST(`{name}` AS DECIMAL(18, 4)) AS `{name}`" for name in names]
    said = lent(frame).selectExpr(
        "CAST(customer_id AS INT) AS customer_id", "CAST(cutoff AS DATE) AS cutoff", *decimals
    )
    expected = registered.artifact.score(frame.assign(customer_id=frame["customer_id"].astype("str")), version="1")
    _check_equal(score_on_spark(said, registered), expected)


def test_a_column_of_nothing_is_nulls(batches: Batches, lent: Lent) -> None:
    registered, frame = batches.registered(ALONE), batches.observed(ALONE)
    name = next(iter(registered.artifact.features))
    nothing = frame.assign(**{name: np.nan})
    said = lent(frame).drop(name).selectExpr("*", f"NULL AS {name}")
    _check_equal(score_on_spark(said, registered), registered.artifact.score(nothing, version="1"))


def test_ids_are_told_apart_byte_by_byte(batches: Batches, lent: Lent, small_batches: None) -> None:
    """Of a column in which a and A count as the same, too."""
    registered, frame = batches.registered(PAIRS), batches.observed(PAIRS)
    ids = {each: f"{'aA'[place % 2]}{place // 2}" for place, each in enumerate(frame["customer_id"].unique())}
    frame = frame.assign(customer_id=frame["customer_id"].map(ids)).sample(frac=1.0, random_state=1)
    rest = [f"`{name}`" for name in frame if name != "customer_id"]
    said = lent(frame).selectExpr("CAST(customer_id AS STRING COLLATE UTF8_LCASE) AS customer_id", *rest)
    _check_equal(score_on_spark(said, registered), registered.artifact.score(frame, version="1"))


WRONG: dict[str, tuple[str, str]] = {
    "no id": ("DROP customer_id", r"lacks the columns \['customer_id'\]"),
    "no feature": ("DROP days_since_last", r"lacks the columns \['days_since_last'\]"),
    "a fraction as id": ("CAST(1.5 AS DOUBLE) AS customer_id", "customer_id is double; ids are text or whole"),
    "an instant": ("CAST(cutoff AS TIMESTAMP) AS cutoff", "cutoff is timestamp; .*local time"),
    "text as cutoff": ("CAST(cutoff AS STRING) AS cutoff", "cutoff is string"),
    "text as number": ("CAST(days_since_last AS STRING) AS days_since_last", "days_since_last is string; .*numbers"),
    "a day as number": ("DATE '2024-01-01' AS days_since_last", "days_since_last is date"),
    "a list as number": ("array(1.0D) AS days_since_last", "days_since_last is array<double>"),
    "a number that says whether": ("1 AS eligible", "eligible is int; say true or false"),
    "a number that marks": ("1 AS marked", "marked is int; say true or false"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_columns_that_are_missing_or_of_other_types_are_told_of_before_a_job(
    spark: "SparkSession", batches: Batches, lent: Lent, fault: str
) -> None:
    change, told = WRONG[fault]
    good = lent(batches.observed(ALONE)).withColumns(_columns("TRUE AS marked"))
    dropped = change.startswith("DROP ")
    bad = good.drop(change.removeprefix("DROP ")) if dropped else good.withColumns(_columns(change))
    before = _jobs(spark)
    with pytest.raises(ValueError, match=f"(?s)cannot be scored by shop_churn.*{told}"):
        score_on_spark(bad, batches.registered(ALONE), suppressed_by="marked")
    assert _jobs(spark) == before


def _columns(told: str) -> "dict[str, Column]":
    from pyspark.sql.functions import expr

    value, _, name = told.rpartition(" AS ")
    return {name: expr(value)}


def _jobs(spark: "SparkSession") -> int:
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup(None))


def test_all_that_is_wrong_is_told_at_once(batches: Batches, lent: Lent) -> None:
    bad = lent(batches.observed(PAIRS)).drop("category", "cutoff").withColumns(_columns("array(1) AS spend"))
    twice = bad.select("*", bad["tenure_days"])
    told = r"(?s)\['cutoff', 'category'\].*\['tenure_days'\] more than once.*spend is array"
    with pytest.raises(ValueError, match=told):
        score_on_spark(twice, batches.registered(PAIRS))


def test_a_mark_is_no_feature(batches: Batches, lent: Lent) -> None:
    with pytest.raises(ValueError, match="rename the mark"):
        score_on_spark(lent(batches.observed(ALONE)), batches.registered(ALONE), suppressed_by="spend")


def test_ids_that_could_not_be_found_are_refused(batches: Batches, lent: Lent) -> None:
    frame, registered = lent(batches.observed(ALONE)), batches.registered(ALONE)
    with pytest.raises(TypeError, match="2 of the suppressed ids are no text"):
        score_on_spark(frame, registered, suppressed=[1, 2, "3"])  # type: ignore[list-item]  # what is shown
    with pytest.raises(TypeError, match="give a list of ids"):
        score_on_spark(frame, registered, suppressed="c1")


def test_a_frame_of_pandas_is_none_of_the_session(batches: Batches) -> None:
    with pytest.raises(TypeError, match="make it a frame of the Spark session"):
        score_on_spark(cast(Any, batches.observed(ALONE)), batches.registered(ALONE))


@pytest.mark.parametrize("name", ["customer_id", "cutoff", "marked"])
def test_a_row_without_an_id_a_cutoff_or_a_mark_raises(batches: Batches, lent: Lent, name: str) -> None:
    from pyspark.errors import PythonException

    asked = lent(batches.observed(ALONE)).withColumns(_columns("FALSE AS marked"))
    one = asked.withColumns(_columns(f"IF(days_since_last > 30, NULL, {name}) AS {name}"))
    with pytest.raises(PythonException, match=f"{name} is empty in [0-9]+ of [0-9]+ rows"):
        _taken(score_on_spark(one, batches.registered(ALONE), suppressed_by="marked"))
