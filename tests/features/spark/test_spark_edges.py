"""Instants, sums and settings at which Spark could say something else; numbers by hand, and DuckDB's."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sqlglot import exp

from features.declaration import Declaration
from features.engine.door import admit
from features.engine.run import observe, outcome
from features.engine.spark.history import tables_on_spark
from features.engine.spark.run import observe_on_spark, outcome_on_spark
from features.engine.spark.text import spark_text
from features.expression import Events
from features.history import History
from features.library import FEATURES, TARGETS, chosen
from features.policy import Policy

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
Setting = Callable[[str, str], AbstractContextManager[None]]
Rows = Callable[..., "DataFrame"]
Declared = Callable[..., Declaration]
END = pd.Timestamp("2026-01-01")

VOCABULARY: list[Callable[[Events], Any]] = [
    lambda e: e["weekday"].std(),
    lambda e: e["hour"].mean(),
    lambda e: e["hour"].entropy(),
    lambda e: e.within(91)["weekday"].top_share(),
    lambda e: e["amount"].first() - e["amount"].last(),
    lambda e: e["amount"].std() / e["amount"].mean(),
    lambda e: e.by_day()["amount"].std(),
    lambda e: e.by_day()["gap_days"].last() + e.by_day()["amount"].first(),
    lambda e: e.by_day()["lines"].max() % 3,
    lambda e: e.before(91)["amount"].sum(half_life_days=30),
    lambda e: e["amount"].sum() * 0.3331234567 + 0.000000012,
    lambda e: e["amount"].sum() * e["discount"].sum() * e["cost"].mean(),
    lambda e: (e["amount"] * 0.123456789 - e["discount"] / 3).sum(),
    lambda e: e["amount"].sum().log1p().fill(-0.25),
    lambda e: e.where(~(e["category"] == "tea") | (e["amount"] > 20.5)).count(),
    lambda e: e.of("touches").where(e.of("touches")["treatment"] == True).count() / e.count(),  # noqa: E712
    lambda e: e.within(182).sql("median(CAST(amount AS DOUBLE))"),
    lambda e: e.where(e["category"] != "wine").sql("sum(amount * quantity) / nullif(sum(quantity), 0)"),
    lambda e: e.sql("max(age_days) - min(age_days)") + e.sql("count(DISTINCT product_id)"),
    lambda e: e.sql("regr_slope(amount, age_days)"),
    lambda e: e.sql("quantile_cont(CAST(amount AS DOUBLE), 0.9)"),
]


@pytest.fixture(scope="module")
def drawn_tables(
    spark: "SparkSession", history: History, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, "DataFrame"]:
    return tables_on_spark(spark, history, tmp_path_factory.mktemp("edges") / "tables")


@pytest.fixture(scope="module")
def spine(everyone: Callable[[pd.DatetimeIndex], pd.DataFrame], odd_hours: pd.DatetimeIndex) -> pd.DataFrame:
    pairs = everyone(odd_hours)
    return pairs[pairs["category"] == "tea"].sort_values(["customer_id", "cutoff"], ignore_index=True)


def _sorted(frame: "DataFrame") -> pd.DataFrame:
    return pd.DataFrame(frame.toArrow().to_pandas()).sort_values(["customer_id", "cutoff"], ignore_index=True)


def test_whatever_the_vocabulary_says_equals_duckdb(
    spark: "SparkSession",
    history: History,
    drawn_tables: dict[str, "DataFrame"],
    spine: pd.DataFrame,
    asked: Callable[[pd.DataFrame], "DataFrame"],
    declared: Declared,
) -> None:
    said = [replace(declared(say), name=f"said_{number}") for number, say in enumerate(VOCABULARY)]
    actual = _sorted(observe_on_spark(spark, drawn_tables, asked(spine), said, end=history.end))
    expected = observe(history, spine, said, engine="duckdb")
    for each in said:
        values = expected[each.name].to_numpy(float)
        assert len(set(values[~np.isnan(values)])) > 2, each.name
        slack = 1e-8 if "half_life" in repr(each.node) else 1e-9
        np.testing.assert_allclose(actual[each.name], values, rtol=1e-9, atol=slack, err_msg=each.name)


def test_a_horizon_counts_what_was_known_by_an_instant(
    spark: "SparkSession",
    history: History,
    drawn_tables: dict[str, "DataFrame"],
    spine: pd.DataFrame,
    asked: Callable[[pd.DataFrame], "DataFrame"],
) -> None:
    known_by, targets = pd.Timestamp("2024-09-08 00:30"), [TARGETS["orders"], TARGETS["future_spend"]]
    paid = outcome_on_spark(
        spark, drawn_tables, asked(spine), targets, end=history.end, horizon_days=40, known_by=known_by
    )
    expected = outcome(history, spine, targets, horizon_days=40, known_by=known_by, engine="duckdb")
    assert _sorted(paid)["orders"].tolist() == expected["orders"].tolist()
    np.testing.assert_allclose(_sorted(paid)["future_spend"], expected["future_spend"], rtol=1e-9)


@pytest.mark.parametrize("lead_days", [0, 1, 28])
def test_a_horizon_begins_at_its_lead_and_the_past_ends_at_the_cutoff(
    spark: "SparkSession",
    history: History,
    drawn_tables: dict[str, "DataFrame"],
    spine: pd.DataFrame,
    asked: Callable[[pd.DataFrame], "DataFrame"],
    lead_days: int,
) -> None:
    names = ["orders", "spend_fell_50", "churned", "price_tier_up", "spent_more_25"]
    targets = [TARGETS[name] for name in names]
    paid = outcome_on_spark(
        spark, drawn_tables, asked(spine), targets, end=history.end, horizon_days=40, lead_days=lead_days
    )
    assert paid.columns == [*spine.columns, *names]
    made = _sorted(paid)
    expected = outcome(history, spine, targets, horizon_days=40, lead_days=lead_days, engine="duckdb")
    assert made["cutoff"].tolist() == expected["cutoff"].tolist()
    for name in names:
        assert made[name].tolist() == expected[name].tolist(), name
        assert len(set(made[name])) > 1


def test_times_are_written_as_local_ones() -> None:
    assert spark_text(exp.cast(exp.Literal.string("2024-09-08 01:30"), "TIMESTAMP")) == (
        "CAST('2024-09-08 01:30' AS TIMESTAMP_NTZ)"
    )


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        (lambda e: e["amount"].sum() * e["discount"].sum(), 0.0003 * 0.0007),
        (lambda e: e["amount"].sum() * 0.0001234567, 0.0003 * 0.0001234567),
        (lambda e: e["amount"].sum() + 0.0001234567, 0.0004234567),
    ],
)
def test_small_products_and_sums_keep_their_digits(
    spark: "SparkSession", rows: Rows, declared: Declared, say: Callable[[Events], Any], expected: float
) -> None:
    small = rows("customer_id, time, amount, discount", "('a', DATE '2024-01-01', 0.0003BD, 0.0007BD)")
    seen = observe_on_spark(spark, {"transactions": small}, _at(rows, "2024-02-01"), [declared(say)], end=END)
    assert _first(seen)["thing"] == pytest.approx(expected, rel=1e-12)


@pytest.fixture
def bought(rows: Rows) -> "DataFrame":
    """Give purchases about the midnight that Santiago's clocks skip; the last is on a day that is not there twice."""
    return rows(
        "customer_id, time, amount, category",
        "('a', TIMESTAMP_NTZ '2024-09-01 12:00', 1.0000BD, 'tea')",
        "('a', TIMESTAMP_NTZ '2024-09-07 23:30', 2.0000BD, 'tea')",
        "('a', TIMESTAMP_NTZ '2024-09-08 00:00', 4.0000BD, 'fish')",
        "('a', TIMESTAMP_NTZ '2024-09-08 00:30', 8.0000BD, 'tea')",
    )


def _at(rows: Rows, *cutoffs: str) -> "DataFrame":
    return rows("customer_id, cutoff", *(f"('a', TIMESTAMP_NTZ '{cutoff}')" for cutoff in cutoffs))


def _first(frame: "DataFrame") -> dict[str, Any]:
    return dict(frame.collect()[0].asDict())


def test_an_event_at_the_cutoff_belongs_to_the_future(spark: "SparkSession", rows: Rows, bought: "DataFrame") -> None:
    spine = _at(rows, "2024-09-08 00:30")
    seen = observe_on_spark(spark, {"transactions": bought}, spine, [FEATURES["spend"]], end=END)
    paid = outcome_on_spark(spark, {"transactions": bought}, spine, [TARGETS["future_spend"]], end=END, horizon_days=1)
    assert (_first(seen)["spend"], _first(paid)["future_spend"]) == (7, 8)


def test_days_are_the_calendars_where_a_zone_skips_a_midnight(
    spark: "SparkSession", rows: Rows, bought: "DataFrame"
) -> None:
    features = chosen(["days_since_last", "tenure_days", "purchase_days", "gap_max", "gap_mean", "spend_28d"])
    seen = observe_on_spark(spark, {"transactions": bought}, _at(rows, "2024-09-29 12:00"), features, end=END)
    assert _first(seen) | {"cutoff": None} == {
        "customer_id": "a",
        "cutoff": None,
        "days_since_last": 21,
        "tenure_days": 28,
        "purchase_days": 3,
        "gap_max": 6,
        "gap_mean": 3.5,
        "spend_28d": 15,
    }


def test_weekdays_begin_with_monday_and_hours_are_local(
    spark: "SparkSession", rows: Rows, bought: "DataFrame", declared: Declared
) -> None:
    said = [
        replace(declared(lambda e: e["weekday"].first()), name="first"),
        replace(declared(lambda e: e["weekday"].min()), name="least"),
        replace(declared(lambda e: e["hour"].last()), name="last"),
    ]
    seen = _first(observe_on_spark(spark, {"transactions": bought}, _at(rows, "2024-09-10"), said, end=END))
    assert (seen["first"], seen["least"], seen["last"]) == (6, 5, 0)


def test_small_amounts_deviate_by_as_much_as_they_do(spark: "SparkSession", rows: Rows, declared: Declared) -> None:
    amounts = ["0.0001", "0.0002", "0.0004"]
    small = rows(
        "customer_id, time, amount",
        *(f"('a', TIMESTAMP_NTZ '2024-01-0{day}', {amount}BD)" for day, amount in enumerate(amounts, start=1)),
    )
    said = declared(lambda e: e.by_day()["amount"].std())
    seen = _first(observe_on_spark(spark, {"transactions": small}, _at(rows, "2024-02-01"), [said], end=END))
    assert seen["thing"] == pytest.approx(np.std([0.0001, 0.0002, 0.0004], ddof=1), rel=1e-12)


def test_a_row_that_is_asked_twice_is_answered_twice_and_counted_once(
    spark: "SparkSession", rows: Rows, bought: "DataFrame"
) -> None:
    row = "('a', TIMESTAMP_NTZ '2024-09-10', 'tea', {})"
    spine = rows("customer_id, cutoff, category, number", row.format(1), row.format(2), row.format(2))
    asked = [FEATURES["category_spend"], FEATURES["spend"]]
    seen = observe_on_spark(spark, {"transactions": bought}, spine, asked, end=END).collect()
    assert sorted((row["number"], row["category_spend"], row["spend"]) for row in seen) == [
        (1, 11, 15),
        (2, 11, 15),
        (2, 11, 15),
    ]


def test_text_means_itself(spark: "SparkSession", rows: Rows, declared: Declared) -> None:
    odd = 'O\'Fall{on} \\ `%s` "{0}" :x ?'
    literal = odd.replace("\\", "\\\\").replace("'", "\\'")
    bought = rows("customer_id, time, amount, category", f"('a', TIMESTAMP_NTZ '2024-01-01', 1.0000BD, '{literal}')")
    assert bought.collect()[0]["category"] == odd
    said = declared(lambda e: e.where(e["category"] == odd).count())
    seen = observe_on_spark(spark, {"transactions": bought}, _at(rows, "2024-02-01"), [said], end=END)
    assert _first(seen)["thing"] == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spark.sql.timestampType", "TIMESTAMP_NTZ"),
        ("spark.sql.caseSensitive", "true"),
        ("spark.sql.ansi.enforceReservedKeywords", "true"),
        ("spark.sql.ansi.doubleQuotedIdentifiers", "true"),
        ("spark.sql.decimalOperations.allowPrecisionLoss", "false"),
        ("spark.sql.groupByAliases", "false"),
        ("spark.sql.adaptive.enabled", "true"),
    ],
)
def test_settings_of_the_session_do_not_matter(
    spark: "SparkSession", setting: Setting, rows: Rows, bought: "DataFrame", key: str, value: str
) -> None:
    features = chosen(["gap_std", "gap_mean", "top_category", "category_entropy", "spend", "mean_day_spend"])
    spine = _at(rows, "2024-09-29 12:00")
    with setting(key, value):
        seen = _first(observe_on_spark(spark, {"transactions": bought}, spine, features, end=END))
    shares = np.array([0.25, 0.75])
    assert seen["gap_std"] == pytest.approx(np.std([6, 1], ddof=1), rel=1e-12)
    assert seen["category_entropy"] == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-9)
    assert (seen["gap_mean"], seen["top_category"], seen["spend"], seen["mean_day_spend"]) == (3.5, "tea", 15, 5)


def test_nothing_is_run_or_left_in_the_session_and_the_result_needs_nothing_of_it(
    spark: "SparkSession", rows: Rows, bought: "DataFrame"
) -> None:
    spine, context = _at(rows, "2024-09-10"), spark.sparkContext
    settings = spark.sql("SET").collect()
    context.setJobGroup("asking", "asking")
    seen = observe_on_spark(spark, {"transactions": bought}, spine, [FEATURES["spend"]], end=END)
    assert list(context.statusTracker().getJobIdsForGroup("asking")) == []
    assert spark.catalog.listTables() == []
    other = rows("customer_id, time, amount", "('a', TIMESTAMP_NTZ '2024-01-01', 99.0000BD)")
    observe_on_spark(spark, {"transactions": other}, spine, [FEATURES["spend"]], end=END)
    assert spark.sql("SET").collect() == settings
    assert _first(seen)["spend"] == 15
    assert len(context.statusTracker().getJobIdsForGroup("asking")) > 0


def test_a_historys_tables_come_to_spark_as_they_are(history: History, drawn_tables: dict[str, "DataFrame"]) -> None:
    types = dict(drawn_tables["transactions"].dtypes)
    assert (types["customer_id"], types["time"], types["amount"]) == ("string", "timestamp_ntz", "decimal(18,4)")
    for name, table in history.tables.items():
        assert isinstance(table, pa.Table)
        assert drawn_tables[name].count() == table.num_rows


def test_contracts_alone_are_enough(spark: "SparkSession", rows: Rows, tmp_path: Path) -> None:
    """One contract was over, one began again within the grace, one ends after the end; DuckDB says the same."""
    told = pd.DataFrame(
        {
            "customer_id": ["a", "b", "b", "c"],
            "plan": "basic",
            "start": ["2024-01-01", "2024-01-01", "2024-02-05", "2024-01-01"],
            "end": ["2024-02-01", "2024-02-01", None, "2024-09-01"],
            "price": 9.5,
        }
    )
    end = pd.Timestamp("2024-04-01")
    history = admit("club", {"subscriptions": told}, end=end, policy=Policy(grace_days=7))
    tables = tables_on_spark(spark, history, tmp_path / "club")
    spine = rows("customer_id, cutoff", *(f"('{who}', TIMESTAMP_NTZ '2024-02-01')" for who in "abc"))
    asked, lapse = chosen(["subscription_days", "subscription_price", "membership"]), [TARGETS["lapsed"]]
    lapsed = outcome_on_spark(spark, tables, spine, lapse, end=end, horizon_days=60, grace_days=7).collect()
    assert {row.customer_id: row.lapsed for row in lapsed} == {"a": 1, "b": 0, "c": 0}
    seen = observe_on_spark(spark, tables, spine, asked, end=end, grace_days=7).collect()
    expected = observe(history, pd.DataFrame({"customer_id": list("abc"), "cutoff": pd.Timestamp("2024-02-01")}), asked)
    found = pd.DataFrame([row.asDict() for row in seen]).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
