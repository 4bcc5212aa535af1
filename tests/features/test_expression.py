"""Declarations: what may be declared, and what is refused."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from features import declaration
from features.declaration import Declaration, feature, population, target
from features.expression import Aggregate, Column, Constant, Events, Number, Operation, aggregates

Declare = Callable[[Events], Any]
Made = Callable[..., Declaration]


REFUSED: dict[str, tuple[Declare, type[Exception], str]] = {
    "and": (lambda e: e.count() and e.count(), TypeError, "write & | ~ instead of and, or, not, if"),
    "if": (lambda e: 1 if e["amount"] > 3 else 0, TypeError, "an expression, not a value"),
    "chained comparison": (lambda e: 1 < e.count() < 3, TypeError, "an expression, not a value"),
    "gaps of rows": (lambda e: e["gap_days"].mean(), ValueError, r"write e.by_day\(\)\['gap_days'\]"),
    "lines of rows": (lambda e: e["lines"].sum(), ValueError, r"write e.by_day\(\)\['lines'\]"),
    "weekday of days": (
        lambda e: e.by_day()["weekday"].mean(),
        ValueError,
        r"weekday is a number of rows: write e\['we",
    ),
    "hour of days": (lambda e: e.by_day()["hour"].mean(), ValueError, r"hour is a number of rows: write e\['hour'\]"),
    "filter of days": (lambda e: e.by_day().where(e["amount"] > 3), ValueError, r"write e.where\(...\).by_day\(\)"),
    "different days": (lambda e: e.by_day()["amount"].distinct(), ValueError, r"write e\[column\].distinct\(\)"),
    "share of days": (lambda e: e.by_day()["amount"].top_share(), ValueError, r"write e\[column\].top_share\(\)"),
    "entropy of days": (lambda e: e.by_day()["amount"].entropy(), ValueError, r"write e\[column\].entropy\(\)"),
    "top of days": (lambda e: e.by_day()["amount"].top(), ValueError, r"write e\[column\].top\(\)"),
    "window of 0": (lambda e: e.within(0).count(), ValueError, "a window must be at least 1 day long, not 0"),
    "before 0": (lambda e: e.before(0).count(), ValueError, "must lie at least 1 day before the cutoff, not 0"),
    "before the window": (lambda e: e.within(28).before(91).count(), ValueError, "lies within 28 and before 91 days"),
    "an empty window": (lambda e: e.before(28).within(28).count(), ValueError, "lies within 28 and before 28 days"),
    "half-life of 0": (lambda e: e.count(half_life_days=0), ValueError, "longer than 0 days, not 0"),
    "half-life below 0": (lambda e: e["amount"].sum(half_life_days=-5), ValueError, "longer than 0 days, not -5"),
    "rows by their age": (lambda e: e.where(e["age_days"] < 30).count(), ValueError, r"write e.within\(days\)"),
    "mean age of rows": (lambda e: e["age_days"].mean(), ValueError, r"write e.by_day\(\)\['age_days'\] for more"),
    "age in arithmetic": (lambda e: (e["age_days"] + 1).min(), ValueError, "of the age of rows there is only min and"),
    "rows by the lines of a day": (
        lambda e: e.where(e.by_day()["lines"] > 3).count(),
        ValueError,
        r"rows cannot be filtered by \['lines'\]",
    ),
    "SQL of days": (lambda e: e.by_day().sql("median(amount)"), ValueError, r"over rows: write e.sql\(...\)"),
    "time known": (lambda e: e["known_time"].max(), ValueError, "time is the engine's alone: write e"),
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


def test_operators_are_kept_as_data() -> None:
    e = Events()
    number = ~((e.count() - 1 >= 2.5) | (e.count() != 0)) & (e.count() * 2 < e.count() / 3)
    assert isinstance(number.node, Operation)
    assert _text(number.node) == "(not((((n - 1) >= 2.5) or (n <> 0))) and ((n * 2) < (n / 3)))"
    values = (e["amount"] + e["discount"] <= 7) & (e["channel"] == "web") | (e["amount"] > 1)
    assert _text(values.node) == "((((amount + discount) <= 7) and (channel = web)) or (amount > 1))"
    assert _text(e.count().fill(0).log1p().node) == "log1p(fill(n, 0))"
    assert _text((7 - e.count() % 2).node) == "(7 - (n % 2))"


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
    assert made.reads == {"purchases": {"amount"}}
    pair = declared(lambda e: e.where(e["channel"] == "web").by_day()["gap_days"].mean(), by="category")
    assert pair.reads == {"purchases": {"channel", "category"}}
    clock = declared(lambda e: e.where(e["weekday"] > 4)["hour"].mean() / e.by_day()["lines"].sum())
    assert clock.reads == {"purchases": set()}
    two = declared(lambda e: e["amount"].sum() / e.of("touches")["cost"].sum())
    assert two.reads == {"purchases": {"amount"}, "touches": {"cost"}}


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
    assert Events().before(9).before(30).until_days == Events().before(30).before(9).until_days == 30


def test_another_view_keeps_the_window_and_nothing_else() -> None:
    e = Events(view="events")
    other = e.where(e["kind"] == "visit").within(91).before(28).by_day().of("touches")
    assert repr(other) == repr(Events(window_days=91, until_days=28, view="touches"))


def test_a_text_is_no_number(declared: Made) -> None:
    assert declared(lambda e: e["channel"].top()).text
    assert not declared(lambda e: e["channel"].top_share()).text


def test_an_anchored_population_is_of_rows() -> None:
    @population(of="touches", anchored=True)
    def treated(e: Events) -> Events:
        return e.where(e["treatment"])

    made = declaration.POPULATIONS["treated"]
    assert (made.anchored, made.of, [each.kind for each in made.aggregates]) == (True, "touches", ["count"])
    with pytest.raises(TypeError, match=r"'rows' must return a number of the customer"):

        @population(of="touches")
        def rows(e: Events) -> Events:
            return e


def test_rows_without_a_time_have_no_window(declared: Made) -> None:
    assert declared(lambda e: e["age"].last(), of="customers").reads == {"customers": {"age"}}
    for say in (
        lambda e: e.within(30)["age"].last(),
        lambda e: e.before(30)["age"].last(),
        lambda e: e["age"].sum(half_life_days=9),
        lambda e: e.by_day().count(),
        lambda e: e["age_days"].min(),
        lambda e: e.where(e["weekday"] == 0).count(),
    ):
        with pytest.raises(ValueError, match="'thing': rows of customers have no time; take their columns as they are"):
            declared(say, of="customers")
    with pytest.raises(ValueError, match="'thing': rows of customers have no time"):
        declared(lambda e: e.within(30).of("customers")["age"].last() / e.count())


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
    with pytest.raises(
        ValueError, match="'thing' is declared of 'orders'; declarations may be of purchases, returns, "
    ):
        declared(lambda e: e.count() / e.of("orders").count())


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
        declared(lambda e: e.where(e["amount"] > 3).before(30).count()),
        declared(lambda e: e.where(e["amount"] > 3).sql("count(*)")),
        declared(lambda e: e.where(e["amount"] > 3).sql("count(amount)")),
        declared(say, window_days=(30,)),
        declared(say, window_days=(31,)),
        declared(say, by="category"),
        declared(say, of="returns"),
        declared(say, empty=0),
        declared(say, empty=1),
    ]
    assert len({one, *(each.fingerprint for each in changed)}) == 15


def test_asking_each_row_is_another_question() -> None:
    for name, anchored in (("rows", True), ("customers", False)):

        def asked(e: Events) -> Number:
            return e.count()

        asked.__name__ = name
        population(of="touches", anchored=anchored)(asked)
    rows, customers = declaration.POPULATIONS.values()
    assert rows.fingerprint != customers.fingerprint
