"""Declarations: what may be declared, what is refused, and the SQL it becomes."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from features import declaration
from features.declaration import Declaration, feature, population, target
from features.engine.query import Period, write
from features.expression import Aggregate, Column, Constant, Events, Number, Operation, aggregates

Declare = Callable[[Events], Any]
Made = Callable[..., Declaration]


REFUSED: dict[str, tuple[Declare, type[Exception], str]] = {
    "and": (lambda e: e.count() and e.count(), TypeError, "write & | ~ instead of and, or, not, if"),
    "if": (lambda e: 1 if e["amount"] > 3 else 0, TypeError, "an expression, not a value"),
    "chained comparison": (lambda e: 1 < e.count() < 3, TypeError, "an expression, not a value"),
    "gaps of rows": (lambda e: e["gap_days"].mean(), ValueError, r"write e.by_day\(\)\['gap_days'\]"),
    "first of rows": (lambda e: e["amount"].first(), ValueError, r"write e.by_day\(\)\[column\].first\(\)"),
    "last of rows": (lambda e: e["amount"].last(), ValueError, r"write e.by_day\(\)\[column\].last\(\)"),
    "filter of days": (lambda e: e.by_day().where(e["amount"] > 3), ValueError, r"write e.where\(...\).by_day\(\)"),
    "different days": (lambda e: e.by_day()["amount"].distinct(), ValueError, r"write e\[column\].distinct\(\)"),
    "window of 0": (lambda e: e.within(0).count(), ValueError, "a window must be at least 1 day long, not 0"),
    "half-life of 0": (lambda e: e.count(half_life_days=0), ValueError, "longer than 0 days, not 0"),
    "half-life below 0": (lambda e: e["amount"].sum(half_life_days=-5), ValueError, "longer than 0 days, not -5"),
    "rows by their age": (lambda e: e.where(e["age_days"] < 30).count(), ValueError, r"write e.within\(days\)"),
    "mean age of rows": (lambda e: e["age_days"].mean(), ValueError, r"write e.by_day\(\)\['age_days'\] for more"),
    "age in arithmetic": (lambda e: (e["age_days"] + 1).min(), ValueError, "of the age of rows there is only min and"),
    "days by their gap": (
        lambda e: e.where(e.by_day()["gap_days"] > 3).count(),
        ValueError,
        r"rows cannot be filtered by \['gap_days'\]",
    ),
    "time itself": (lambda e: e["time"].max(), ValueError, "time is the engine's alone: write e"),
    "nothing": (lambda e: e["category"] == None, TypeError, "cannot use None in a declaration"),  # noqa: E711
    "a frame": (lambda e: e["amount"] + pd.Series([1]), TypeError, "in a declaration; use columns of the events"),
    "a value": (lambda e: e["amount"], TypeError, r"'thing' must return a number .*, such as e.count\(\), not Values"),
    "a constant": (lambda e: 5, TypeError, "'thing' must return a number of the customer"),
    "a set": (lambda e: {e.count()}, TypeError, "unhashable type"),
}


pytestmark = pytest.mark.usefixtures("declared")  # which keeps what is declared here apart from the library


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_declaration_is_refused(declared: Made, case: str) -> None:
    say, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        declared(say)


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


def test_operators_are_kept_as_data() -> None:
    e = Events()
    number = ~((e.count() - 1 >= 2.5) | (e.count() != 0)) & (e.count() * 2 < e.count() / 3)
    assert isinstance(number.node, Operation)
    assert _text(number.node) == "(not((((n - 1) >= 2.5) or (n <> 0))) and ((n * 2) < (n / 3)))"
    values = (e["amount"] + e["discount"] <= 7) & (e["channel"] == "web") | (e["amount"] > 1)
    assert _text(values.node) == "((((amount + discount) <= 7) and (channel = web)) or (amount > 1))"
    assert _text(e.count().fill(0).log1p().node) == "log1p(fill(n, 0))"


def _text(node: Any) -> str:
    match node:
        case Constant(value):
            return str(value)
        case Column(name):
            return name
        case Aggregate():
            return "n"
    operator, texts = node.operator, [_text(argument) for argument in node.arguments]
    if operator in ("not", "fill", "log1p"):
        return f"{operator}({', '.join(texts)})"
    return f"({texts[0]} {operator} {texts[1]})"


def test_aggregates_are_listed_once_in_order(declared: Made) -> None:
    made = declared(lambda e: (e.within(9)["amount"].sum() + e.count()) / (e.count() + e.within(9)["amount"].sum()))
    assert [each.kind for each in made.aggregates] == ["sum", "count"]
    assert aggregates(Constant(3)) == []
    assert made.columns == {"amount"}
    pair = declared(lambda e: e.where(e["channel"] == "web").by_day()["gap_days"].mean(), by="category")
    assert pair.columns == {"channel", "category"}


def test_variants_are_named_after_their_days() -> None:
    @feature(window_days=(7, 30), empty=0)
    def visits(e: Events) -> Number:
        """Rows. Unit: rows."""
        return e.count()

    @feature(half_life_days=(14,))
    def faded(e: Events, half_life_days: int) -> Number:
        """Rows. Unit: rows."""
        return e.within(30).count(half_life_days=half_life_days)

    @population(window_days=(5,))
    def lively(e: Events) -> Number:
        return e.count() > 0

    @target(kind="count")
    def returns(e: Events) -> Number:
        return e.count()

    assert list(declaration.FEATURES) == ["visits_7d", "visits_30d", "faded_14d"]
    assert [each.aggregates[0].window_days for each in declaration.FEATURES.values()] == [7, 30, 30]
    assert declaration.FEATURES["faded_14d"].aggregates[0].half_life_days == 14
    assert declaration.FEATURES["visits_7d"].family == "test_expression"
    assert (list(declaration.POPULATIONS), list(declaration.TARGETS)) == (["lively_5d"], ["returns"])
    assert declaration.TARGETS["returns"].kind == "count"


def test_of_two_windows_the_shorter_holds() -> None:
    assert Events().within(9).within(30).window_days == Events().within(30).within(9).window_days == 9


def test_a_feature_says_its_unit(declared: Made) -> None:
    assert declared(lambda e: e.count(), "Rows. Unit: rows a day.").unit == "rows a day"
    for meaning in ("Rows.", "", "Rows. Unit: rows"):
        with pytest.raises(ValueError, match=r"feature 'thing': end its docstring with the unit, as in 'Unit: days\.'"):
            declared(lambda e: e.count(), meaning)


def test_one_name_is_declared_once() -> None:
    def again() -> None:
        @target(kind="count")
        def orders(e: Events) -> Number:
            return e.count()

    again()
    with pytest.raises(ValueError, match="two targets are called 'orders'; rename one of them"):
        again()


def test_a_declaration_is_of_a_view_there_is(declared: Made) -> None:
    with pytest.raises(
        ValueError, match="'thing' is declared of 'orders'; declarations may be of purchases, returns, "
    ):
        declared(lambda e: e.count(), of="orders")


def test_the_fingerprint_is_of_what_is_computed(declared: Made) -> None:
    def say(e: Events) -> Number:
        return e.where(e["amount"] > 3).count()

    one = declared(say).fingerprint
    assert one == declared(say, "Other words. Unit: rows.", drift="elapsed").fingerprint
    changed = [
        declared(lambda e: e.where(e["amount"] > 4).count()),
        declared(lambda e: e.where(e["amount"] >= 3).count()),
        declared(lambda e: e.where(e["discount"] > 3).count()),
        declared(lambda e: e.where(e["amount"] > 3).by_day().count()),
        declared(lambda e: e.where(e["amount"] > 3).count(half_life_days=9)),
        declared(say, window_days=(30,)),
        declared(say, window_days=(31,)),
        declared(say, by="category"),
        declared(say, of="returns"),
        declared(say, empty=0),
        declared(say, empty=1),
    ]
    assert len({one, *(each.fingerprint for each in changed)}) == 12


def _sql(made: Declaration, *, midnight: bool = True, horizon_days: int | None = None) -> dict[str, str]:
    known = frozenset({"purchases"})
    carried = ["row_id", "customer_id"]
    query = write([made], period=Period(horizon_days), midnight=midnight, known_views=known, carried=carried)
    return {**query.prepare, "batch": query.batch}


def test_the_sql_of_a_small_declaration(declared: Made) -> None:
    made = declared(lambda e: e.where(e["channel"] == "web")["amount"].sum() / e.count(), window_days=(28,), empty=0)
    assert _sql(made) == {
        "g0_daily": (
            "SELECT customer_id, DATE_TRUNC('DAY', time) AS \"at\", "
            "DATE_TRUNC('DAY', COALESCE(known_time, time)) AS known, "
            "SUM(amount) FILTER(WHERE (channel) = ('web')) AS m0, COUNT(*) AS m1 FROM purchases GROUP BY ALL"
        ),
        "batch": (
            'SELECT "s"."row_id", "s"."customer_id", COALESCE(CASE WHEN NOT COALESCE(g0_rows0.who_id) IS NULL THEN '
            "CAST(CAST((COALESCE(g0_rows0.a0, 0)) AS DOUBLE) / NULLIF(CAST((COALESCE(g0_rows0.a1, 0)) AS DOUBLE), 0) "
            'AS DOUBLE) END, 0.0) AS "thing_28d" FROM spine AS s LEFT JOIN ('
            "SELECT who_id, SUM(d.m0) FILTER(WHERE d.\"at\" >= s.cutoff - INTERVAL '28' DAY) AS a0, "
            "SUM(d.m1) FILTER(WHERE d.\"at\" >= s.cutoff - INTERVAL '28' DAY) AS a1 "
            "FROM who AS s JOIN g0_daily AS d ON s.customer_id = d.customer_id "
            'AND (d."at" < s.cutoff AND d.known < s.cutoff) GROUP BY who_id'
            ") AS g0_rows0 USING (who_id) ORDER BY s.row_id"
        ),
    }


def test_the_sql_of_a_horizon_at_odd_hours(declared: Made) -> None:
    made = declared(lambda e: e["amount"].max(), by="category")
    assert _sql(made, midnight=False, horizon_days=30) == {
        "g0_daily": 'SELECT customer_id, category, time AS "at", MAX(amount) AS m0 FROM purchases GROUP BY ALL',
        "batch": (
            'SELECT "s"."row_id", "s"."customer_id", CAST(g0_rows0.a0 AS DOUBLE) AS "thing" FROM spine AS s LEFT JOIN ('
            "SELECT row_id, MAX(d.m0) AS a0 FROM spine AS s JOIN g0_daily AS d ON s.customer_id = d.customer_id "
            'AND s.category = d.category AND (d."at" >= s.cutoff AND d."at" < s.cutoff + INTERVAL \'30\' DAY) '
            "GROUP BY row_id) AS g0_rows0 USING (row_id) ORDER BY s.row_id"
        ),
    }
