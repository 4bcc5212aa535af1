"""The SQL that declarations become: golden texts by hand, and SQL that a declaration brings along."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.period import Period
from features.engine.run import observe
from features.engine.sql.query import write
from features.engine.sql_text import columns_of, parsed
from features.engine.views import lacks, reads
from features.expression import Events
from features.history import History
from features.tables import HistoryError

Declare = Callable[[Events], Any]
Made = Callable[..., Declaration]


def _sql(
    made: Declaration, *, midnight: bool = True, horizon_days: int | None = None, known: bool = True, cutoffs: int = 0
) -> dict[str, str]:
    query = write(
        [made],
        period=Period(horizon_days),
        midnight=midnight,
        known_views=frozenset({"purchases"} if known else ()),
        carried=["row_id", "customer_id"],
        cutoffs=cutoffs,
    )
    return {name: table.sql(dialect="duckdb") for name, table in {**query.prepare, "batch": query.batch}.items()}


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


DAYS = 'SELECT customer_id, CAST(time AS DATE) AS "at", '
KEYS = DAYS + "CAST(COALESCE(known_time, time) AS DATE) AS known, "
WHO = "(SELECT DISTINCT customer_id, cutoff, CAST(cutoff AS DATE) AS today FROM spine) AS s"
ALSO = 's.customer_id = d.customer_id AND d."at" < s.cutoff'
PAST = 's.customer_id = d.customer_id AND (d."at" < s.cutoff AND d.known < s.cutoff)'
NOW = "CAST($cutoff AS DATE)"


def _batch(number: str, part: str, name: str = "g0_rows0", *, alone: bool = False) -> str:
    """The batch of one declaration called thing, made of one part; joined with the cutoffs, or for one alone."""
    asked = f'SELECT "s"."row_id", "s"."customer_id", {number} AS "thing" FROM spine AS s'
    same = f"s.customer_id = {name}.customer_id" + ("" if alone else f" AND s.cutoff = {name}.cutoff")
    return f"{asked} LEFT JOIN ({part}) AS {name} ON {same}" + (f" WHERE s.cutoff = {NOW}" if alone else "")


def _grouped(columns: str, rows: str, of: str = PAST) -> str:
    keys = "s.customer_id, s.cutoff"
    return f"SELECT {keys}, {columns} FROM {WHO} JOIN {rows} AS d ON {of} GROUP BY {keys}"


def test_a_ratio_of_a_window(declared: Made) -> None:
    made = declared(lambda e: e.where(e["channel"] == "web")["amount"].sum() / e.count(), window_days=(28,), empty=0)
    window = "FILTER(WHERE d.\"at\" >= s.cutoff - INTERVAL '28' DAY)"
    number = (
        "COALESCE(CASE WHEN NOT g0_rows0.customer_id IS NULL THEN CAST(CAST((COALESCE(g0_rows0.a0, 0)) AS DOUBLE) "
        "/ NULLIF(CAST((COALESCE(g0_rows0.a1, 0)) AS DOUBLE), 0) AS DOUBLE) END, 0.0)"
    )
    assert _sql(made) == {
        "g0_daily": (
            KEYS + 'SUM("amount") FILTER(WHERE ("channel") = (\'web\')) AS m0, COUNT(*) AS m1 '
            "FROM purchases GROUP BY ALL"
        ),
        "batch": _batch(number, _grouped(f"SUM(d.m0) {window} AS a0, SUM(d.m1) {window} AS a1", "g0_daily")).replace(
            "thing", "thing_28d"
        ),
    }


def test_a_cutoff_that_is_known_is_a_constant_and_not_joined(declared: Made) -> None:
    window = f"FILTER(WHERE d.\"at\" >= {NOW} - INTERVAL '28' DAY)"
    part = f'SELECT d.customer_id, SUM(d.m0) {window} AS a0 FROM g0_daily AS d WHERE d."at" < {NOW}'
    assert _sql(declared(lambda e: e.within(28)["amount"].sum()), cutoffs=1, known=False) == {
        "g0_daily": DAYS + 'SUM("amount") AS m0 FROM purchases GROUP BY ALL',
        "batch": _batch("CAST(COALESCE(g0_rows0.a0, 0) AS DOUBLE)", f"{part} GROUP BY d.customer_id", alone=True),
    }


def test_a_horizon_of_pairs_at_odd_hours(declared: Made) -> None:
    made = declared(lambda e: e["amount"].max(), by="category")
    keys = "s.customer_id, s.category, s.cutoff"
    who = WHO.replace("customer_id, ", "customer_id, category, ")
    same = "s.customer_id = {0}.customer_id AND s.category = {0}.category AND "
    assert _sql(made, midnight=False, horizon_days=30) == {
        "g0_daily": (
            'SELECT customer_id, category, CAST(time AS TIMESTAMP) AS "at", MAX("amount") AS m0 '
            "FROM purchases GROUP BY ALL"
        ),
        "batch": (
            'SELECT "s"."row_id", "s"."customer_id", CAST(g0_rows0.a0 AS DOUBLE) AS "thing" FROM spine AS s LEFT JOIN ('
            f"SELECT {keys}, MAX(d.m0) AS a0 FROM {who} JOIN g0_daily AS d ON {same.format('d')}"
            f'(d."at" >= s.cutoff AND d."at" < s.cutoff + INTERVAL \'30\' DAY) GROUP BY {keys}) AS g0_rows0 '
            f"ON {same.format('g0_rows0')}s.cutoff = g0_rows0.cutoff"
        ),
    }


def test_the_first_row_of_what_lies_before(declared: Made) -> None:
    first = (
        "ARG_MIN(d.m0, (d.m1, d.m0)) FILTER(WHERE (d.\"at\" >= s.cutoff - INTERVAL '91' DAY "
        "AND d.\"at\" < s.cutoff - INTERVAL '28' DAY) AND NOT d.m0 IS NULL) AS a0"
    )
    assert _sql(declared(lambda e: e.within(91).before(28)["amount"].first())) == {
        "g0_daily": (
            KEYS + 'ARG_MIN("amount", (time, "amount")) FILTER(WHERE NOT "amount" IS NULL) AS m0, '
            'MIN(time) FILTER(WHERE NOT "amount" IS NULL) AS m1 FROM purchases GROUP BY ALL'
        ),
        "batch": _batch("CAST(g0_rows0.a0 AS DOUBLE)", _grouped(first, "g0_daily")),
    }


VALUES = (
    '(SELECT customer_id, time AS "at", COALESCE(known_time, time) AS known, "channel" AS value '
    'FROM purchases WHERE NOT "channel" IS NULL) AS d'
)


def test_the_most_frequent_value_of_a_window(declared: Made) -> None:
    inner = (
        "SELECT s.customer_id, s.cutoff, d.value, COUNT(*) FILTER(WHERE d.\"at\" >= s.cutoff - INTERVAL '28' DAY) "
        f"AS n0 FROM {WHO} JOIN {VALUES} ON {PAST} GROUP BY s.customer_id, s.cutoff, d.value"
    )
    assert _sql(declared(lambda e: e.within(28)["channel"].top())) == {
        "batch": _batch(
            "g0_values0.a0",
            "SELECT d.customer_id, d.cutoff, ARG_MIN(d.value, (-d.n0, d.value)) FILTER(WHERE d.n0 > 0) AS a0 "
            f"FROM ({inner}) AS d GROUP BY d.customer_id, d.cutoff",
            "g0_values0",
        ),
    }


def test_values_are_counted_once_for_all_known_cutoffs(declared: Made) -> None:
    cutoffs = [f"CAST($cutoff_{place} AS TIMESTAMP)" for place in (0, 1)]
    past = [f'(d."at" < {cutoff} AND d.known < {cutoff})' for cutoff in cutoffs]
    counted = ", ".join(
        f"COUNT(*) FILTER(WHERE {seen} AND d.\"at\" >= {cutoff} - INTERVAL '28' DAY) AS n0_{place}"
        for place, (cutoff, seen) in enumerate(zip(cutoffs, past, strict=True))
    )
    top = ", ".join(f"ARG_MIN(d.value, (-d.n0_{place}, d.value)) FILTER(WHERE d.n0_{place} > 0)" for place in (0, 1))
    taken = "SELECT customer_id, a0[CAST($number AS BIGINT) + 1] AS a0 FROM g0_values0"
    assert _sql(declared(lambda e: e.within(28)["channel"].top()), cutoffs=2) == {
        "g0_values0": (
            f"SELECT d.customer_id, [{top}] AS a0 FROM (SELECT d.customer_id, d.value, {counted} FROM {VALUES} "
            f"WHERE {past[1]} OR {past[0]} GROUP BY d.customer_id, d.value) AS d GROUP BY d.customer_id"
        ),
        "batch": _batch("g0_values0.a0", taken, "g0_values0", alone=True),
    }


def test_gaps_lie_between_days_that_pass_and_begin_in_the_window(declared: Made) -> None:
    made = declared(lambda e: e.where(e["amount"] > 3).within(28).by_day()["gap_days"].max())
    begun = f"{NOW} - INTERVAL '28' DAY"
    part = (
        f"SELECT d.customer_id, MAX(CASE WHEN d.p0 >= {begun} THEN "
        "(DATE_DIFF('DAY', CAST(d.p0 AS DATE), CAST(d.\"at\" AS DATE))) END) "
        f'FILTER(WHERE d."at" >= {begun} AND d.m0 > 0) AS b0 '
        f'FROM g0_daily AS d WHERE d."at" < {NOW} GROUP BY d.customer_id'
    )
    assert _sql(made, cutoffs=1, known=False) == {
        "g0_daily": (
            'SELECT *, LAG(CASE WHEN d.m0 > 0 THEN d."at" END IGNORE NULLS) OVER (PARTITION BY d.customer_id ORDER BY '
            f'd."at") AS p0 FROM ({DAYS}COUNT(*) FILTER(WHERE ("amount") > (3)) AS m0 FROM purchases GROUP BY ALL) AS d'
        ),
        "batch": _batch(
            "CAST(g0_rows0.a0 AS DOUBLE)", f"SELECT customer_id, b.b0 AS a0 FROM ({part}) AS b", alone=True
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
    days = _grouped(f"{day} AS day, {age} AS age_days, SUM(d.m0) AS lines", "g0_daily") + f", {day}, {age}"
    assert made["batch"] == _batch(
        "CAST(g0_days0.a0 AS DOUBLE)",
        f"SELECT d.customer_id, d.cutoff, MAX(lines) AS a0 FROM ({days}) AS d GROUP BY d.customer_id, d.cutoff",
        "g0_days0",
    )


def test_two_views_and_a_remainder(declared: Made) -> None:
    made = _sql(declared(lambda e: e.count() % e.of("touches").count()))
    assert made["g1_daily"] == DAYS + "COUNT(*) AS m0 FROM touches GROUP BY ALL"
    number = (
        "CAST((CAST((COALESCE(g0_rows0.a0, 0)) AS DOUBLE) "
        "% NULLIF(CAST((COALESCE(g1_rows0.a0, 0)) AS DOUBLE), 0)) AS DOUBLE)"
    )
    touches = _grouped("SUM(d.m0) AS a0", "g1_daily", ALSO)
    assert made["batch"] == _batch(number, _grouped("SUM(d.m0) AS a0", "g0_daily")) + (
        f" LEFT JOIN ({touches}) AS g1_rows0 ON s.customer_id = g1_rows0.customer_id AND s.cutoff = g1_rows0.cutoff"
    )


def test_sql_sees_the_rows_of_its_filter_and_window(declared: Made) -> None:
    made = declared(lambda e: e.where(e["amount"] > 3).within(28).sql("median(amount) filter (where age_days > 2)"))
    age = "DATE_DIFF('DAY', CAST(d.\"at\" AS DATE), CAST(s.cutoff AS DATE))"
    rows = '(SELECT *, time AS "at", COALESCE(known_time, time) AS known FROM purchases)'
    inside = ' WHERE ("d"."amount") > (3) AND d."at" >= s.cutoff - INTERVAL \'28\' DAY'
    median = f'MEDIAN("d"."amount") FILTER(WHERE {age} > 2) AS a0'
    assert _sql(made) == {
        "batch": _batch("CAST(g0_raw0.a0 AS DOUBLE)", _grouped(median, rows, PAST + inside), "g0_raw0")
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
