"""What Spark is handed that cannot be used: said before anything runs, or as the rows are read."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.spark.run import observe_on_spark, outcome_on_spark
from features.library import FEATURES, TARGETS
from features.tables import HistoryError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
Rows = Callable[..., "DataFrame"]
END = pd.Timestamp("2024-06-01")
SPEND = FEATURES["spend"]


@pytest.fixture
def bought(rows: Rows) -> "DataFrame":
    return rows("customer_id, time, amount", "('a', TIMESTAMP_NTZ '2024-01-01', 1.0000BD)")


@pytest.fixture
def spine(rows: Rows) -> "DataFrame":
    return rows("customer_id, cutoff", "('a', TIMESTAMP_NTZ '2024-02-01')")


def _said(spark: "SparkSession", tables: Any, spine: Any, *asked: Declaration) -> str:
    """Give what is said before anything runs."""
    with pytest.raises((HistoryError, ValueError, TypeError)) as raised:
        observe_on_spark(spark, tables, spine, asked or [SPEND], end=END)
    return str(raised.value)


def _read(spark: "SparkSession", tables: dict[str, "DataFrame"], spine: "DataFrame", *asked: Declaration) -> str:
    """Give what is said as the rows are read."""
    from pyspark.errors import PySparkException

    frame = observe_on_spark(spark, tables, spine, asked or [SPEND], end=END)
    with pytest.raises(PySparkException) as raised:
        frame.collect()
    return str(raised.value)


def test_without_spark_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    session: Any = None
    with pytest.raises(ImportError, match=r"Spark is not installed; install it with pip install 'augury\[spark\]'"):
        observe_on_spark(session, {}, session, [SPEND], end=END)


def test_frames_are_sparks(spark: "SparkSession", bought: "DataFrame", spine: "DataFrame") -> None:
    assert _said(spark, {"transactions": bought}, pd.DataFrame()).startswith("spine is a DataFrame of pandas")
    assert _said(spark, {"transactions": [1]}, spine).startswith("transactions is a list of builtins; make it a frame")


def test_tables_are_those_of_a_history(spark: "SparkSession", bought: "DataFrame", spine: "DataFrame") -> None:
    assert _said(spark, {"sales": bought}, spine).startswith("Spark: unknown tables ['sales']; a history is made of")
    assert _said(spark, {}, spine).startswith("Spark: no table of what happens; give one of transactions, ")


def test_every_column_that_is_missing_or_of_another_type_is_named(
    spark: "SparkSession", rows: Rows, spine: "DataFrame"
) -> None:
    sales = rows("customer_id, time, paid, cost, is_return", "(1, TIMESTAMP '2024-01-01', 1.0D, 2.5D, 'no')")
    touches = rows("customer_id, time, campaign, treatment", "('a', 20240101, 'spring', 1)")
    told = _said(spark, {"transactions": sales, "touches": touches}, spine)
    assert told.split("\n") == [
        "Spark cannot be used:",
        "- transactions lacks the columns ['amount']; there are ['customer_id', 'time', 'paid', 'cost', 'is_return']. "
        "Rename them",
        "- transactions.customer_id is int; cast it: CAST(customer_id AS STRING)",
        "- transactions.time is timestamp; an instant; give the customers' local time, as in "
        "convert_timezone(current_timezone(), 'Europe/Berlin', CAST(time AS TIMESTAMP_NTZ))",
        "- transactions.cost is double; cast it: CAST(cost AS DECIMAL(18, 4))",
        "- transactions.is_return is string; cast it: CAST(is_return AS BOOLEAN)",
        "- touches.time is int; cast it: CAST(time AS TIMESTAMP_NTZ)",
        "- touches.treatment is int; cast it: CAST(treatment AS BOOLEAN)",
    ]


def test_the_local_time_of_an_instant_is_what_the_advice_makes_of_it(spark: "SparkSession") -> None:
    local = "convert_timezone(current_timezone(), 'Europe/Berlin', CAST(time AS TIMESTAMP_NTZ))"
    instant = "SELECT TIMESTAMP '2024-07-01 12:00:00+00:00' AS time"
    assert spark.sql(f"SELECT {local} AS time FROM ({instant})").collect()[0]["time"] == pd.Timestamp(
        "2024-07-01 14:00"
    )


@pytest.mark.parametrize("type_", ["DECIMAL(18,4)", "DECIMAL(10,2)", "DECIMAL(14,0)", "INT", "SMALLINT"])
def test_numbers_that_fit_are_taken_as_they_are(
    spark: "SparkSession", rows: Rows, spine: "DataFrame", type_: str
) -> None:
    bought = rows("customer_id, time, amount", f"('a', DATE '2024-01-31', CAST(12 AS {type_}))")
    seen = observe_on_spark(spark, {"transactions": bought}, spine, [SPEND, FEATURES["days_since_last"]], end=END)
    assert (seen.collect()[0]["spend"], seen.collect()[0]["days_since_last"]) == (12, 1)


@pytest.mark.parametrize("type_", ["DECIMAL(18,5)", "DECIMAL(19,4)", "BIGINT", "DOUBLE", "STRING"])
def test_numbers_that_might_not_fit_are_to_be_cast(
    spark: "SparkSession", rows: Rows, spine: "DataFrame", type_: str
) -> None:
    bought = rows("customer_id, time, amount", f"('a', DATE '2024-01-31', CAST(12 AS {type_}))")
    assert "cast it: CAST(amount AS DECIMAL(18, 4))" in _said(spark, {"transactions": bought}, spine)


def test_what_a_declaration_reads_must_be_there(
    spark: "SparkSession", bought: "DataFrame", spine: "DataFrame", declared: Callable[..., Declaration]
) -> None:
    told = _said(spark, {"transactions": bought}, spine, FEATURES["categories_ever"])
    assert told.startswith(
        "categories_ever needs the columns ['category'] of transactions; Spark has customer_id, time"
    )
    told = _said(spark, {"transactions": bought}, spine, FEATURES["visits_28d"])
    assert told.startswith("visits_28d needs the table 'events'; Spark has transactions. Give a frame that has them")


def test_a_spine_has_its_keys_and_none_of_our_names(
    spark: "SparkSession", rows: Rows, bought: "DataFrame", spine: "DataFrame"
) -> None:
    tables = {"transactions": bought}
    assert _said(spark, tables, spine.drop("cutoff")) == "the spine needs a column 'cutoff'; it has ['customer_id']"
    late = rows("customer_id, cutoff", "('a', TIMESTAMP '2024-02-01')")
    assert _said(spark, tables, late).startswith("the spine's cutoff is timestamp; an instant; give the")
    taken = rows("customer_id, cutoff, spend", "('a', DATE '2024-02-01', 1)")
    assert _said(spark, tables, taken).startswith("the spine has columns ['spend'], which the engine makes itself")
    categories = {"transactions": rows("customer_id, time, amount, category", "('a', DATE '2024-01-01', 1, 'tea')")}
    told = _said(spark, categories, spine, FEATURES["category_spend"])
    assert told.startswith("category_spend is per category: the spine needs a column 'category'; it has")
    numbered = rows("customer_id, cutoff, category", "('a', DATE '2024-02-01', 7)")
    told = _said(spark, categories, numbered, FEATURES["category_spend"])
    assert told == "the spine's category is int; cast it: CAST(category AS STRING)"


def test_sql_that_spark_does_not_know_is_named(
    spark: "SparkSession", bought: "DataFrame", spine: "DataFrame", declared: Callable[..., Declaration]
) -> None:
    told = _said(spark, {"transactions": bought}, spine, SPEND, declared(lambda e: e.sql("quantile_disc(amount, 0.5)")))
    assert told.startswith("of ['thing'], which are said in SQL, Spark does not understand all: [WRONG_NUM_ARGS")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "(NULL, TIMESTAMP_NTZ '2024-01-01', 1.0000BD, FALSE)",
            "transactions.customer_id is empty; fill or drop these",
        ),
        ("('a', NULL, 1.0000BD, FALSE)", "transactions.time is empty; fill or drop these rows"),
        ("('a', TIMESTAMP_NTZ '2024-01-01', NULL, FALSE)", "transactions.amount is empty; fill or drop these rows"),
        ("('a', TIMESTAMP_NTZ '2024-01-01', -1.0000BD, NULL)", "transactions.amount is negative but not marked as a"),
    ],
)
@pytest.mark.parametrize("ansi", ["true", "false"])
def test_a_row_that_cannot_be_used_raises(
    spark: "SparkSession", setting: Any, rows: Rows, spine: "DataFrame", row: str, told: str, ansi: str
) -> None:
    good = "('b', TIMESTAMP_NTZ '2024-01-01', 1.0000BD, FALSE)"
    with setting("spark.sql.ansi.enabled", ansi):
        bad = rows("customer_id, time, amount, is_return", good, row)
        assert told in _read(spark, {"transactions": bad}, spine)


def test_a_contract_that_ends_before_it_starts_raises(
    spark: "SparkSession", rows: Rows, bought: "DataFrame", spine: "DataFrame"
) -> None:
    plans = rows("customer_id, plan, start, `end`", "('a', 'basic', DATE '2024-01-05', DATE '2024-01-04')")
    told = _read(spark, {"transactions": bought, "subscriptions": plans}, spine, FEATURES["contracts_ended"])
    assert "subscriptions.end lies before start; swap or mend the two" in told


@pytest.mark.parametrize(
    ("cutoff", "told"),
    [
        ("2024-06-01 00:00:01", "cutoff 2024-06-01 00:00:01 lies beyond the data of Spark, which end at 2024-06-01"),
        (None, "a row of the spine has no cutoff; drop such rows"),
    ],
)
def test_a_cutoff_of_which_nothing_is_known_raises(
    spark: "SparkSession", rows: Rows, bought: "DataFrame", cutoff: str | None, told: str
) -> None:
    at = "NULL" if cutoff is None else f"'{cutoff}'"
    spine = rows("customer_id, cutoff", "('a', TIMESTAMP_NTZ '2024-06-01')", f"('b', CAST({at} AS TIMESTAMP_NTZ))")
    assert told in _read(spark, {"transactions": bought}, spine)


def test_a_horizon_that_is_not_over_raises(spark: "SparkSession", rows: Rows, bought: "DataFrame") -> None:
    from pyspark.errors import PySparkException

    targets, tables = [TARGETS["churned"]], {"transactions": bought}
    last = rows("customer_id, cutoff", "('a', DATE '2024-05-02')")
    late = rows("customer_id, cutoff", "('a', DATE '2024-05-03')")
    assert outcome_on_spark(spark, tables, last, targets, end=END, horizon_days=30).collect()[0]["churned"] == 1
    with pytest.raises(PySparkException, match=r"its 30-day horizon ends after .* use a cutoff up to 2024-05-02"):
        outcome_on_spark(spark, tables, late, targets, end=END, horizon_days=30).collect()
    with pytest.raises(PySparkException, match=r"its 29-day horizon, 2 days after it, ends .* up to 2024-05-01"):
        outcome_on_spark(spark, tables, last, targets, end=END, horizon_days=29, lead_days=2).collect()
    with pytest.raises(ValueError, match="lead_days must be at least 0, not -1"):
        outcome_on_spark(spark, tables, last, targets, end=END, horizon_days=30, lead_days=-1)
    with pytest.raises(ValueError, match="spend_fell_50 compares the horizon with the past"):
        observe_on_spark(spark, tables, last, [TARGETS["spend_fell_50"]], end=END)
    with pytest.raises(ValueError, match="horizon_days must be at least 1, not 0"):
        outcome_on_spark(spark, tables, last, targets, end=END, horizon_days=0)
