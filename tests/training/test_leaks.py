"""Leaks that are planted are named; what is honest, on real data too, is let through."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.cutoffs import every
from features.datasets import load
from features.engine.run import outcome
from features.frame import frame
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from training.leaks import PLAUSIBLE, ROWS, Kind, Leak, Leaking, check_leaks, implausible, leaks

Rows = tuple[pd.DataFrame, pd.Series]


def asked(history: History, population: str, families: str, cutoffs: tuple[str, str, int], horizon_days: int) -> Rows:
    first, last, step_days = cutoffs
    at = every(pd.Timestamp(first), pd.Timestamp(last), step_days=step_days)
    X = frame(history, at, population=POPULATIONS[population], features=chosen(families.split()))
    spine = X[["customer_id", "cutoff"]]
    return X, outcome(history, spine, [TARGETS["churned"]], horizon_days=horizon_days)["churned"]


@pytest.fixture(scope="module")
def journey() -> History:
    return load("complete_journey")


@pytest.fixture(scope="module")
def groceries(journey: History) -> Rows:
    """Ask of each active household of Complete Journey at 17 cutoffs whether it churns; 14 % do."""
    families = "rfm windows decay gaps breadth discount"
    return asked(journey, "active_84d", families, ("2017-03-26", "2017-11-05", 14), 28)


@pytest.fixture(scope="module")
def amounts(journey: History) -> pd.DataFrame:
    """Give all lines of Complete Journey, for what a careless join makes of them."""
    lines = journey.tables["transactions"]
    assert isinstance(lines, pa.Table)
    table = pd.DataFrame(lines.select(["customer_id", "time", "amount"]).to_pandas())
    return table.astype({"amount": float}).sort_values("time", ignore_index=True)


def summed(lines: pd.DataFrame, X: pd.DataFrame, *, since: int, until: int) -> pd.DataFrame:
    """Add up lines in [cutoff + since, cutoff + until) days by a join, as one does without an engine."""
    parts = []
    for cutoff in X["cutoff"].unique():
        start, end = (cutoff + pd.Timedelta(days=days) for days in (since, until))
        first, last = lines["time"].searchsorted([start, end])
        found = lines.iloc[first:last].groupby("customer_id")["amount"].agg(["sum", "count"])
        part = X[X["cutoff"] == cutoff]
        parts.append(found.reindex(part["customer_id"], fill_value=0).set_index(part.index))
    return pd.concat(parts).reindex(X.index)


def named(found: list[Leak]) -> list[tuple[str, Kind]]:
    return [(each.feature, each.kind) for each in found]


def test_nothing_is_found_in_groceries(groceries: Rows) -> None:
    assert leaks(*groceries) == []


def test_nothing_is_found_in_cdnow() -> None:
    families = "rfm windows decay gaps lines_per_day"
    X, y = asked(load("cdnow"), "known", families, ("1997-05-01", "1997-12-30", 28), 91)
    assert len(X) > 4 * ROWS
    assert y.mean() == pytest.approx(0.823, abs=0.001)
    assert leaks(X, y) == []


def test_nothing_is_found_in_a_table_without_dates() -> None:
    """A table such as Telco's: texts, numbers as text, a number of months, an id of letters and digits."""
    generator = np.random.default_rng(3)
    months = generator.integers(0, 73, 7000)
    contract = generator.choice(["Month-to-month", "One year", "Two year"], 7000, p=[0.55, 0.21, 0.24])
    charges = generator.uniform(18, 119, 7000).round(2)
    odds = -0.2 - months / 30 - 1.8 * (contract != "Month-to-month") + charges / 60
    letters = generator.choice(list("ABCDEFGHIJ"), (7000, 5))
    X = pd.DataFrame(
        {
            "customer_id": [
                f"{number}-{''.join(word)}"
                for number, word in zip(generator.integers(1, 9999, 7000), letters, strict=True)
            ],
            "customers.tenure": months,
            "customers.Contract": contract,
            "customers.TotalCharges": (months * charges).round(2).astype(str),
            "customers.MonthlyCharges": charges,
            "customers.Senior": generator.integers(0, 2, 7000),
            "customers.Paperless": generator.choice(["Yes", "No"], 7000),
        }
    )
    y = pd.Series((generator.random(7000) < 1 / (1 + np.exp(-odds))).astype(float))
    assert 0.2 < y.mean() < 0.4
    assert leaks(X, y) == []
    assert implausible(0.85) == []


def flipped(y: pd.Series, share: float = 0.03) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Give the label with noise."""
    noise = np.random.default_rng(1).random(len(y)) < share
    return np.where(noise, 1 - y.to_numpy(float), y.to_numpy(float))


def texts(y: pd.Series, gone: str, here: str, *, unknown: float = 0.0) -> "pd.Series[str]":
    hidden = np.random.default_rng(2).random(len(y)) < unknown
    return pd.Series(np.where(flipped(y) == 1, gone, here), index=y.index).mask(hidden).astype("str")


PLANTED: Mapping[str, tuple[Callable[[pd.Series], Any], list[Kind]]] = {
    "the label as a number": (flipped, ["alone"]),
    "its complement": (lambda y: 1 - flipped(y), ["alone"]),
    "the label as a text": (lambda y: texts(y, "yes", "no"), ["alone"]),
    "a code that is no order": (lambda y: np.where(flipped(y) == 1, 2, np.arange(len(y)) % 2 * 3), ["alone"]),
    "a status known after": (lambda y: texts(y, "closed", "active", unknown=0.4), ["alone"]),
    "a status of few": (lambda y: texts(y, "closed", "active", unknown=0.9), ["alone"]),
    "a status of those who have left": (
        lambda y: pd.Series(np.where((y == 1) & (np.arange(len(y)) % 4 == 0), "closed", "active")),
        ["certain"],
    ),
    "null where the label is 1": (lambda y: np.where(flipped(y) == 1, np.nan, 1.0), ["nulls"]),
    "null where the label is 0": (lambda y: np.where(flipped(y) == 0, np.nan, 1.0), ["nulls"]),
    "a text that is null where the label is 1": (
        lambda y: pd.Series("x", index=y.index).mask(flipped(y) == 1),
        ["nulls"],
    ),
    "rows numbered in the order of the label": (
        lambda y: y.rank(method="first").to_numpy() - 1,
        ["alone", "identifier"],
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_planted_leaks_are_named(groceries: Rows, what: str) -> None:
    X, y = groceries
    made, kinds = PLANTED[what]
    values = made(y)
    X = X[["customer_id", "cutoff", "spend_28d", "gap_mean"]].assign(planted=values)
    assert named(leaks(X, y)) == [("planted", kind) for kind in kinds]


def test_what_happens_within_the_horizon_is_named(groceries: Rows, amounts: pd.DataFrame) -> None:
    X, y = groceries
    after = summed(amounts, X, since=0, until=28)["count"].to_numpy()
    (found,) = leaks(X.assign(orders_next=after), y)
    assert (found.feature, found.kind) == ("orders_next", "alone")
    assert found.value > 0.999
    assert found.message == (
        f"orders_next alone ranks the label with an AUC of {found.value:.3f}, above 0.90: it may be made of the label, "
        "or of what comes after the cutoff; check at which time it is known, leave it out, or allow it and say why"
    )


def test_a_window_that_reaches_over_the_horizon_is_named(groceries: Rows, amounts: pd.DataFrame) -> None:
    """Its AUC is 0.89: what gives it away is that nobody who has bought nothing in it has bought after the cutoff."""
    X, y = groceries
    own = summed(amounts, X, since=-56, until=0)["sum"].to_numpy()
    over = summed(amounts, X, since=-56, until=28)["sum"].to_numpy()
    assert leaks(X.assign(spend_56d=own), y) == []
    (found,) = leaks(X.assign(spend_84d=over), y)
    assert (found.feature, found.kind) == ("spend_84d", "certain")
    assert found.message.startswith(
        "where spend_84d is 0, 99.7% of 784 rows have the label 1, which 14.2% of all have: "
    )


def test_a_window_that_reaches_over_is_named_where_it_is_null(groceries: Rows, amounts: pd.DataFrame) -> None:
    X, y = groceries
    over = summed(amounts, X, since=-56, until=28)
    (found,) = leaks(X.assign(mean_amount=over["sum"] / over["count"].where(over["count"] > 0)), y)
    assert (found.feature, found.kind) == ("mean_amount", "certain")
    assert "is null" in found.message


def renumbered(X: pd.DataFrame, y: pd.Series, name: Callable[[int], Any]) -> pd.DataFrame:
    """Give customers new ids in the order of how often they churned."""
    order = y.groupby(X["customer_id"].to_numpy()).mean().rank(method="first").astype(int)
    return X[["cutoff", "spend_28d"]].assign(customer_id=[name(order[each]) for each in X["customer_id"]])


@pytest.mark.parametrize("name", [int, str, lambda number: f"c{number}", lambda number: f"c{number:06}", lambda n: -n])
def test_ids_in_the_order_of_churn_are_named(groceries: Rows, name: Callable[[int], Any]) -> None:
    X, y = groceries
    (found,) = leaks(renumbered(X, y, name), y)
    assert (found.feature, found.kind, found.bound) == ("customer_id", "id_order", 0.65)
    assert found.value > 0.9
    assert "the order of customer_id ranks the label" in found.message


def test_ids_are_looked_at_within_cutoffs() -> None:
    """Younger customers have higher ids and fewer cutoffs, and the label is rarer later: over all rows ids tell."""
    generator = np.random.default_rng(0)
    cutoffs, ids = np.repeat(np.arange(10), 400), np.tile(np.arange(400), 10)
    X = pd.DataFrame({"customer_id": ids, "cutoff": pd.Timestamp("2024-01-01") + pd.to_timedelta(cutoffs, unit="D")})
    kept = ids < 40 * (cutoffs + 1)
    y = pd.Series((generator.random(4000) < 0.9 - 0.085 * cutoffs).astype(float))
    assert leaks(X[kept], y[kept]) == []
    assert leaks(X[kept].drop(columns="cutoff"), y[kept])[0].kind == "id_order"


def test_chance_orders_the_ids_of_few() -> None:
    X = pd.DataFrame({"customer_id": range(20), "cutoff": pd.Timestamp("2024-01-01")})
    ordered = pd.Series([0.0] * 12 + [1.0, 0.0] * 3 + [1.0, 1.0])
    assert leaks(X, ordered) == []
    many = pd.concat([X] * 20, ignore_index=True).assign(
        customer_id=lambda rows: np.arange(400) % 20 * 20 + np.arange(400) // 20
    )
    assert named(leaks(many, pd.concat([ordered] * 20, ignore_index=True))) == [("customer_id", "id_order")]


def test_questions_at_any_time_are_taken_together() -> None:
    """Each row has a cutoff of its own, so that no cutoff has both labels."""
    y = pd.Series((np.arange(3000) % 60 >= 30).astype(float))
    ids = np.arange(3000) % 60 * 50 + np.arange(3000) // 60
    X = pd.DataFrame({"customer_id": ids, "cutoff": pd.date_range("2024-01-01", periods=3000, freq="h")})
    assert named(leaks(X, y)) == [("customer_id", "id_order")]


def honest(rows: int = 4000, *, auc: float = 0.8, base: float = 0.3) -> Rows:
    """Make a feature of that AUC: normal, and higher by √2 Φ⁻¹(AUC) where the label is 1."""
    shift = {0.8: 1.190, 0.88: 1.662, 0.92: 1.987}[auc]
    generator = np.random.default_rng(8)
    y = pd.Series((generator.random(rows) < base).astype(float))
    X = pd.DataFrame({"customer_id": np.arange(rows) * 7919 % rows, "cutoff": pd.Timestamp("2024-01-01")})
    return X.assign(x=generator.normal(size=rows) + shift * y), y


@pytest.mark.parametrize("base", [0.05, 0.3, 0.86])
def test_strong_and_honest_features_are_let_through(base: float) -> None:
    assert leaks(*honest(base=base)) == []
    X, y = honest(base=base)
    assert leaks(X.assign(x=-X["x"], rounded=X["x"].round(), null=X["x"].where(X["x"] < 1.5)), y) == []


def test_the_bound_is_a_parameter() -> None:
    X, y = honest(auc=0.92)
    assert named(leaks(X, y)) == [("x", "alone")]
    assert named(leaks(X.assign(x=-X["x"]), y)) == [("x", "alone")]
    assert leaks(X, y, bound=0.94) == []
    weak, label = honest(auc=0.88)
    assert leaks(weak, label) == []
    assert named(leaks(weak, label, bound=0.86)) == [("x", "alone")]


def test_a_feature_known_of_some_is_judged_by_them() -> None:
    X, y = honest(auc=0.92)
    some = X["x"].where(np.arange(len(X)) % 10 == 0)
    (found,) = leaks(X.assign(x=some), y)
    assert "alone among the 400 rows where it is known" in found.message
    assert leaks(X.assign(x=some.where(np.arange(len(X)) % 100 == 0)), y) == []  # 40 rows, 12 of them 1


def test_texts_of_many_values_do_not_rank_by_heart() -> None:
    """A customer's label is always the same, and nearly every customer has a street of their own."""
    generator = np.random.default_rng(4)
    customers = np.repeat(np.arange(1500), 4)
    y = pd.Series(generator.integers(0, 2, 1500)[customers].astype(float))
    X = pd.DataFrame({"customer_id": customers, "cutoff": np.tile(pd.date_range("2024-01-01", periods=4), 1500)})
    street = pd.Series([f"street {each}" for each in generator.permutation(1500) % 1400])
    assert leaks(X.assign(street=street[customers].to_numpy()), y) == []


def at_a_value(value: float | str | None, *, rows: int = 150, ones: float = 1.0, base: float = 0.2) -> list[Leak]:
    """Look at a column that says nothing but where it has the value: there so many are 1."""
    generator = np.random.default_rng(7)
    has = np.arange(5000) < rows
    y = generator.random(5000) < base
    y[:rows] = np.arange(rows) < ones * rows
    other = generator.choice(["a", "b"], 5000) if isinstance(value, str) else generator.normal(9, 1, 5000)
    planted = pd.Series(other).mask(has, value)
    order = generator.permutation(5000)
    X = pd.DataFrame({"customer_id": np.arange(5000), "x": planted[order].to_numpy()})
    return leaks(X, pd.Series(y[order].astype(float)))


@pytest.mark.parametrize("value", [0.0, None, "closed"])
def test_nothing_and_texts_may_not_make_certain(value: float | str | None) -> None:
    assert named(at_a_value(value)) == [("x", "certain")]
    assert named(at_a_value(value, ones=0.98)) == [("x", "certain")]
    assert at_a_value(value, ones=0.973) == []
    assert at_a_value(value, rows=99, base=0.05) == []
    assert named(at_a_value(value, rows=100, base=0.05)) == [("x", "certain")]
    assert at_a_value(value, rows=100, base=0.45) == []  # less than a twentieth of the 1s
    assert at_a_value(value, rows=1500, base=0.6) == []


def test_much_of_something_may_make_certain() -> None:
    assert at_a_value(12.0) == at_a_value(20.0) == at_a_value(-3.0) == []


def test_nulls_that_correlate_with_the_label_are_it_whatever_the_bound() -> None:
    X, y = honest()
    closed = X.assign(x=X["x"].mask(flipped(y) == 1))
    assert named(leaks(closed, y, bound=0.99)) == [("x", "nulls")]
    assert named(leaks(X.assign(x=X["x"].mask(flipped(y, 0.2) == 1)), y, bound=0.99)) == []


def test_small_cutoffs_count_little() -> None:
    """At twenty cutoffs of four rows the ids are in order, at a great one they are not."""
    generator = np.random.default_rng(9)
    great = pd.DataFrame({"customer_id": np.arange(2000), "cutoff": 0, "label": generator.integers(0, 2, 2000)})
    small = pd.DataFrame({"customer_id": np.tile(np.arange(4), 20), "cutoff": np.repeat(np.arange(1, 21), 4)})
    X = pd.concat([great, small.assign(label=small["customer_id"] // 2)], ignore_index=True)
    assert leaks(X[["customer_id", "cutoff"]], X["label"]) == []


def identifiers(values: Any, customers: int = 1000, cutoffs: int = 3) -> list[Leak]:
    """Ask with a column that has a value for each customer, the same at each cutoff, and a label by chance."""
    generator = np.random.default_rng(6)
    X = pd.DataFrame({"customer_id": generator.permutation(customers), "secret": values}).merge(
        pd.DataFrame({"cutoff": pd.date_range("2024-01-01", periods=cutoffs)}), how="cross"
    )
    return leaks(X, pd.Series(generator.integers(0, 2, len(X)).astype(float)))


NUMBERS = np.arange(1000)
SECRETS: Mapping[str, tuple[Any, bool]] = {
    "e-mail addresses": ([f"{number * 7}@example.org" for number in NUMBERS], True),
    "some twice": ([f"name {max(number, 40)}" for number in NUMBERS], True),
    "many twice": ([f"name {max(number, 60)}" for number in NUMBERS], False),
    "half of them known": ([f"name {number}" if number % 2 else None for number in NUMBERS], True),
    "few of them known": ([f"name {number}" if number < 49 else None for number in NUMBERS], False),
    "numbers as text": ([str(10**9 + 7919 * number) for number in NUMBERS], True),
    "amounts as text": ([f"{number * 1.37:.2f}" for number in NUMBERS], False),
    "row numbers": (NUMBERS[::-1].copy(), True),
    "row numbers and nulls": (np.where(NUMBERS % 3 == 0, np.nan, NUMBERS), True),
    "a sequence with holes": (NUMBERS * 17 + 5, True),
    "a wide range": (NUMBERS * 7919, False),
    "a number twice": (np.maximum(NUMBERS, 1), False),
    "measured": (NUMBERS + 0.5, False),
    "days": (NUMBERS % 365, False),
}


@pytest.mark.parametrize("what", SECRETS)
def test_identifiers(what: str) -> None:
    values, blocked = SECRETS[what]
    assert named(identifiers(values)) == [("secret", "identifier")] * blocked


def test_a_row_number_is_an_identifier_though_a_customer_has_several() -> None:
    generator = np.random.default_rng(6)
    X = pd.DataFrame({"customer_id": np.repeat(np.arange(500), 4), "row": generator.permutation(2000)})
    assert named(leaks(X, pd.Series(generator.integers(0, 2, 2000)))) == [("row", "identifier")]
    assert named(leaks(X[["row"]], pd.Series(generator.integers(0, 2, 2000)))) == [("row", "identifier")]


def test_the_model_names_what_carries_it() -> None:
    shares = {"a": 0.1, "b": 0.5, "c": 0.25, "d": 0.15}
    (found,) = implausible(0.95, shares=shares)
    assert (found.feature, found.kind, found.value, found.bound) == ("model", "model", 0.95, PLAUSIBLE)
    assert "0.950 is above 0.90" in found.message
    assert "most of it comes from b (50%), c (25%), d (15%)" in found.message
    assert implausible(0.9, shares=shares) == []
    assert implausible(0.95, bound=0.96) == []
    assert "most of it" not in implausible(0.95)[0].message


def test_rows_that_are_not_asked_about_are_not_looked_at() -> None:
    X, y = honest()
    x = X["x"].where(np.arange(len(X)) % 2 == 0, y * 100)
    assert named(leaks(X.assign(x=x), y)) == [("x", "alone")]
    assert leaks(X.assign(x=x, eligible=np.arange(len(X)) % 2 == 0), y) == []


def test_one_label_alone_has_no_leaks_but_identifiers() -> None:
    X, y = honest()
    assert named(leaks(X.assign(row=np.arange(len(X))), y * 0)) == [("row", "identifier")]
    assert leaks(X.head(0), y.head(0)) == []


def test_what_is_no_label_is_refused() -> None:
    X, y = honest()
    with pytest.raises(ValueError, match=r"the frame has 4000 rows and y 3999"):
        leaks(X, y.head(3999))
    with pytest.raises(ValueError, match=r"must be 0 or 1; row 0 has 2.0"):
        leaks(X, y + 2)


def test_check_leaks_blocks_what_nobody_has_allowed() -> None:
    X, y = honest(auc=0.92)
    found = leaks(X.assign(row=np.arange(len(X))), y)
    with pytest.raises(Leaking, match=r"^'x', 'row' would leak the label; .*\n- x alone .*\n- row identifies") as error:
        check_leaks(found, allowed={})
    assert isinstance(error.value, ValueError)
    with pytest.raises(Leaking, match=r"^'row' would leak"):
        check_leaks(found, allowed={"x": "measured before", "row": "  "})
    kept = check_leaks(found, allowed={"x": " measured before", "row": "a pilot", "other": "unused"})
    assert kept == [replace(found[0], reason="measured before"), replace(found[1], reason="a pilot")]
    assert check_leaks([], allowed={}) == []


def test_sixty_features_of_forty_thousand_rows_take_no_time() -> None:
    generator = np.random.default_rng(0)
    y = pd.Series(generator.integers(0, 2, 40_000))
    X = pd.DataFrame(generator.normal(size=(40_000, 60)), columns=[f"f{number}" for number in range(60)])
    X = X.assign(customer_id=np.arange(40_000) % 4000, cutoff=pd.Timestamp("2024-01-01"))
    start = time.process_time()
    assert leaks(X, y) == []
    assert time.process_time() - start < 1


def test_the_sample_of_many_rows_is_always_the_same() -> None:
    X, y = honest(rows=ROWS + 1, auc=0.92)
    first, again = leaks(X, y), leaks(X, y)
    assert first == again
    assert named(first) == [("x", "alone")]
