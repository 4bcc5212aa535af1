"""The SQL that declarations become: golden texts by hand, and SQL that a declaration brings along."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.query import Period, write
from features.engine.run import observe
from features.engine.sql_text import columns_of, parsed
from features.engine.views import lacks, reads
from features.expression import Events
from features.history import History
from features.tables import HistoryError

Declare = Callable[[Events], Any]
Made = Callable[..., Declaration]


def _sql(made: Declaration, *, midnight: bool = True, horizon_days: int | None = None) -> dict[str, str]:
    known = frozenset({"purchases"})
    carried = ["row_id", "customer_id"]
    query = write([made], period=Period(horizon_days), midnight=midnight, known_views=known, carried=carried)
    prepare, batch = query.texts("duckdb")
    return {**prepare, "batch": batch}


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda e: (e["amount"] / e["amount"].sum()).sum(), "an aggregate of an aggregate is not a declaration"),
        (lambda e: e.where(e["amount"] > e["amount"].sum()).count(), "an aggregate of an aggregate"),
        (lambda e: e["amount"].sum() * e["amount"], r"write e\['amount'\].sum\(\), not e\['amount'\]"),
    ],
)
def test_rows_and_numbers_do_not_mix(declared: Made, say: Declare, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _sql(declared(say))


KEYS = (
    "SELECT customer_id, CAST(DATE_TRUNC('DAY', time) AS TIMESTAMP) AS \"at\", "
    "CAST(DATE_TRUNC('DAY', COALESCE(known_time, time)) AS TIMESTAMP) AS known, "
)
PAST = 'ON s.customer_id = d.customer_id AND (d."at" < s.cutoff AND d.known < s.cutoff)'


def _batch(number: str, part: str, name: str = "g0_rows0") -> str:
    """The batch of one declaration called thing, made of one part."""
    asked = f'SELECT "s"."row_id", "s"."customer_id", {number} AS "thing" FROM spine AS s'
    return f"{asked} LEFT JOIN ({part}) AS {name} USING (who_id) ORDER BY s.row_id"


def test_a_ratio_of_a_window(declared: Made) -> None:
    made = declared(lambda e: e.where(e["channel"] == "web")["amount"].sum() / e.count(), window_days=(28,), empty=0)
    assert _sql(made) == {
        "g0_daily": (
            KEYS + 'SUM("amount") FILTER(WHERE ("channel") = (\'web\')) AS m0, COUNT(*) AS m1 '
            "FROM purchases GROUP BY ALL"
        ),
        "batch": (
            'SELECT "s"."row_id", "s"."customer_id", COALESCE(CASE WHEN NOT COALESCE(g0_rows0.who_id) IS NULL THEN '
            "CAST(CAST((COALESCE(g0_rows0.a0, 0)) AS DOUBLE) / NULLIF(CAST((COALESCE(g0_rows0.a1, 0)) AS DOUBLE), 0) "
            'AS DOUBLE) END, 0.0) AS "thing_28d" FROM spine AS s LEFT JOIN ('
            "SELECT who_id, SUM(d.m0) FILTER(WHERE d.\"at\" >= s.cutoff - INTERVAL '28' DAY) AS a0, "
            "SUM(d.m1) FILTER(WHERE d.\"at\" >= s.cutoff - INTERVAL '28' DAY) AS a1 "
            f"FROM who AS s JOIN g0_daily AS d {PAST} GROUP BY who_id"
            ") AS g0_rows0 USING (who_id) ORDER BY s.row_id"
        ),
    }


def test_a_horizon_of_pairs_at_odd_hours(declared: Made) -> None:
    made = declared(lambda e: e["amount"].max(), by="category")
    assert _sql(made, midnight=False, horizon_days=30) == {
        "g0_daily": (
            'SELECT customer_id, category, CAST(time AS TIMESTAMP) AS "at", MAX("amount") AS m0 '
            "FROM purchases GROUP BY ALL"
        ),
        "batch": (
            'SELECT "s"."row_id", "s"."customer_id", CAST(g0_rows0.a0 AS DOUBLE) AS "thing" FROM spine AS s LEFT JOIN ('
            "SELECT row_id, MAX(d.m0) AS a0 FROM spine AS s JOIN g0_daily AS d ON s.customer_id = d.customer_id "
            'AND s.category = d.category AND (d."at" >= s.cutoff AND d."at" < s.cutoff + INTERVAL \'30\' DAY) '
            "GROUP BY row_id) AS g0_rows0 USING (row_id) ORDER BY s.row_id"
        ),
    }


def test_the_first_row_of_what_lies_before(declared: Made) -> None:
    assert _sql(declared(lambda e: e.within(91).before(28)["amount"].first())) == {
        "g0_daily": (
            KEYS + 'ARG_MIN("amount", (time, "amount")) FILTER(WHERE NOT "amount" IS NULL) AS m0, '
            'MIN(time) FILTER(WHERE NOT "amount" IS NULL) AS m1 FROM purchases GROUP BY ALL'
        ),
        "batch": _batch(
            "CAST(g0_rows0.a0 AS DOUBLE)",
            "SELECT who_id, ARG_MIN(d.m0, (d.m1, d.m0)) FILTER(WHERE "
            "(d.\"at\" >= s.cutoff - INTERVAL '91' DAY AND d.\"at\" < s.cutoff - INTERVAL '28' DAY) "
            f"AND NOT d.m0 IS NULL) AS a0 FROM who AS s JOIN g0_daily AS d {PAST} GROUP BY who_id",
        ),
    }


def test_the_most_frequent_value_of_a_window(declared: Made) -> None:
    assert _sql(declared(lambda e: e.within(28)["channel"].top())) == {
        "g0_values0": (
            KEYS + '"channel" AS value, COUNT(*) AS n FROM purchases WHERE NOT "channel" IS NULL GROUP BY ALL'
        ),
        "batch": _batch(
            "g0_values0.a0",
            "SELECT who_id, ARG_MIN(d.value, (-d.n0, d.value)) FILTER(WHERE d.n0 > 0) AS a0 FROM ("
            "SELECT who_id, d.value, SUM(d.n) FILTER(WHERE d.\"at\" >= s.cutoff - INTERVAL '28' DAY) AS n0 "
            f"FROM who AS s JOIN g0_values0 AS d {PAST} GROUP BY who_id, d.value) AS d GROUP BY who_id",
            "g0_values0",
        ),
    }


def test_hours_weekdays_and_lines_of_days(declared: Made) -> None:
    made = _sql(declared(lambda e: e.where(e["weekday"] >= 5)["hour"].max()))
    assert made["g0_daily"] == (
        KEYS + "MAX((EXTRACT(HOUR FROM time))) FILTER(WHERE ((ISODOW(time) - 1)) >= (5)) AS m0 "
        "FROM purchases GROUP BY ALL"
    )
    made = _sql(declared(lambda e: e.by_day()["lines"].max()))
    day, age = 'CAST(d."at" AS DATE)', "DATE_DIFF('DAY', CAST(d.\"at\" AS DATE), CAST(s.cutoff AS DATE))"
    days = f"SELECT who_id, {day} AS day, {age} AS age_days, SUM(d.m0) AS lines FROM who AS s JOIN g0_daily AS d {PAST}"
    assert made["batch"] == _batch(
        "CAST(g0_days0.a0 AS DOUBLE)",
        f"SELECT who_id, MAX(lines) AS a0 FROM ({days} GROUP BY who_id, {day}, {age}) AS d GROUP BY who_id",
        "g0_days0",
    )


def test_two_views_and_a_remainder(declared: Made) -> None:
    made = _sql(declared(lambda e: e.count() % e.of("touches").count()))
    assert made["g1_daily"] == (
        "SELECT customer_id, CAST(DATE_TRUNC('DAY', time) AS TIMESTAMP) AS \"at\", COUNT(*) AS m0 "
        "FROM touches GROUP BY ALL"
    )
    assert made["batch"] == (
        'SELECT "s"."row_id", "s"."customer_id", CAST((CAST((COALESCE(g0_rows0.a0, 0)) AS DOUBLE) '
        '% NULLIF(CAST((COALESCE(g1_rows0.a0, 0)) AS DOUBLE), 0)) AS DOUBLE) AS "thing" FROM spine AS s '
        f"LEFT JOIN (SELECT who_id, SUM(d.m0) AS a0 FROM who AS s JOIN g0_daily AS d {PAST} GROUP BY who_id) "
        "AS g0_rows0 USING (who_id) LEFT JOIN (SELECT who_id, SUM(d.m0) AS a0 FROM who AS s JOIN g1_daily AS d "
        'ON s.customer_id = d.customer_id AND d."at" < s.cutoff GROUP BY who_id) AS g1_rows0 USING (who_id) '
        "ORDER BY s.row_id"
    )


def test_sql_sees_the_rows_of_its_filter_and_window(declared: Made) -> None:
    made = declared(lambda e: e.where(e["amount"] > 3).within(28).sql("median(amount) filter (where age_days > 2)"))
    age = "DATE_DIFF('DAY', CAST(d.\"at\" AS DATE), CAST(s.cutoff AS DATE))"
    rows = 'SELECT *, time AS "at", COALESCE(known_time, time) AS known FROM purchases'
    assert _sql(made) == {
        "batch": _batch(
            "CAST(g0_raw0.a0 AS DOUBLE)",
            f'SELECT who_id, MEDIAN("d"."amount") FILTER(WHERE {age} > 2) AS a0 FROM who AS s JOIN ({rows}) AS d {PAST}'
            ' WHERE ("d"."amount") > (3) AND d."at" >= s.cutoff - INTERVAL \'28\' DAY GROUP BY who_id',
            "g0_raw0",
        )
    }
    assert made.sql_only
    assert not declared(lambda e: e["amount"].max()).sql_only


LOOKS_PAST = {
    "a subquery": "max((select 1))",
    "a condition on a subquery": "max(amount) filter (where exists (select 1))",
    "a table": "max(amount) + (from transactions)",
    "another statement": "median(amount); drop table transactions",
    "a column of another table": "max(s.cutoff)",
    "a column of its own table": "max(d.amount)",
    "the time of day": "max(now())",
    "the day": "max(current_date)",
    "today": "max(today())",
    "the local time": "max(current_localtimestamp())",
    "the clock": "max(localtime)",
    "the time of the transaction": "max(transaction_timestamp())",
    "an age against today": "max(age(opened))",
    "chance": "max(random())",
    "an id by chance": "max(uuid())",
    "rows by chance": "max(reservoir_quantile(amount, 0.5))",
    "a window": "max(max(amount) over ())",
    "time": "max(time)",
    "time in quotes": 'max("time")',
    "the time known": "max(known_time)",
    "the instant": "max(at)",
    "the cutoff": "max(cutoff)",
    "the end of a contract": 'max("end")',
    "its start": "max(start)",
    "columns by pattern": "max(columns('ti.*'))",
    "every column": "max(columns(*))",
    "a file": "max(read_text('/etc/hostname'))",
    "a setting": "max(current_setting('threads'))",
    "the surroundings": "max(getenv('HOME'))",
}


@pytest.mark.parametrize("case", LOOKS_PAST)
def test_sql_that_looks_past_its_rows_is_refused(declared: Made, words: History, case: str) -> None:
    with pytest.raises(ValueError, match="may look past the rows it is given; use their columns and age_days"):
        parsed(LOOKS_PAST[case])
    with pytest.raises(ValueError, match="may look past the rows it is given"):
        observe(words, ASKED, [declared(lambda e: e.sql(LOOKS_PAST[case]))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("amount", r"'amount' must aggregate the rows, as in median\(amount\)"),
        ("1", "must aggregate the rows"),
        ("sum(", "is not an SQL expression"),
        ("", "'' is not an SQL expression"),
        ("max(amount) from transactions", "is not an SQL expression"),
    ],
)
def test_sql_that_is_no_aggregate_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parsed(text)


ASKED = pd.DataFrame({"customer_id": ["a", "b", "c"], "cutoff": pd.Timestamp("2024-03-01")})


@pytest.fixture(scope="module")
def words(build: Callable[..., History]) -> History:
    rows = [("a", f"2024-02-{day:02}", float(day), day * 2, "web") for day in (1, 2, 3, 9, 20)]
    return build([*rows, ("b", "2024-02-09", 7.0, 1, None)], "quantity", "channel")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("median(amount)", [3, 7, None]),
        ("count(*)", [5, 1, None]),
        ("quantile_cont(amount, 0.75)", [9, 7, None]),
        ("sum(amount) filter (where age_days >= 20)", [15, 7, None]),
        ("count(distinct channel)", [1, 0, None]),
        ("max(case when channel = 'web' then quantity else 0 end)", [40, 0, None]),
        ("sum(amount * quantity) / sum(quantity)", [495 / 35, 7, None]),
    ],
)
def test_what_sql_gives(declared: Made, words: History, text: str, expected: list[float]) -> None:
    actual = observe(words, ASKED, [declared(lambda e: e.sql(text))])["thing"]
    assert [None if pd.isna(each) else each for each in actual] == [
        None if each is None else pytest.approx(each) for each in expected
    ]


def test_sql_names_the_columns_that_it_reads(declared: Made, words: History) -> None:
    assert columns_of("median(amount) filter (where age_days < 9 and channel = 'web')") == {"amount", "channel"}
    made = declared(lambda e: e.where(e["quantity"] > 1).sql("median(price)") / e.of("touches").sql("sum(cost)"))
    assert made.reads == {"purchases": {"quantity"}, "touches": set()}
    assert reads(made) == {"purchases": {"quantity", "price"}, "touches": {"cost"}}
    assert lacks(words, declared(lambda e: e.sql("median(amount)"))) is None
    assert (lacks(words, made) or "").startswith("needs the columns ['price'] of transactions; built has customer_id")
    with pytest.raises(HistoryError, match=r"thing needs the columns \['price'\] of transactions"):
        observe(words, ASKED, [made])
