"""Tables, feeds, columns and currencies: what is missing, stops or cannot be added, each seeded into sound tables."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.datasets.simulator import simulate
from features.policy import Currency, Policy
from features.usability import examine
from tests.features.usability.breaks import (
    Break,
    Defect,
    Tables,
    Told,
    as_they_are,
    between,
    check,
    column,
    keep,
    made,
    on,
    thinned,
    where,
)

T, E, S = "transactions", "events", "subscriptions"
END = pd.Timestamp("2025-08-23")
RATES = pd.DataFrame({"currency": ["USD", "GBP"], "rate": [0.9, 1.2]})
CONVERTED = {"policy": Policy(currency=Currency("EUR", RATES))}


def _only(tables: Tables, *names: str) -> None:
    """Hand in some of the tables."""
    for name in set(tables) - set(names):
        del tables[name]


def _without_contracts(tables: Tables, *names: str) -> None:
    """Hand in some of the tables, that of contracts without a row."""
    _only(tables, *names)
    tables[S] = tables[S].iloc[:0]


def _large(tables: Tables, *lost: str) -> None:
    """Take a shop so large that a day without a row is no chance, and lose days."""
    tables.update(simulate(8000, days=500, seed=4).tables)
    keep(T, lambda table: ~on(*lost)(table))(tables)


def _paid_monthly(tables: Tables) -> None:
    """Let each customer pay the same amount, their own, every 28 days."""
    firsts = tables[T].drop_duplicates("customer_id").reset_index(drop=True).assign(is_return=False)
    since = pd.to_timedelta(24 * (firsts.index % 28) + 7, unit="h")
    firsts = firsts.assign(amount=5.0 + firsts.index % 30, time=END - since)
    payments = [
        firsts.assign(time=firsts["time"] - pd.Timedelta(days=28 * month), order_id=f"{month}-" + firsts["customer_id"])
        for month in range(19)
    ]
    tables[T] = pd.concat(payments, ignore_index=True)


MONEY = {
    "two currencies": Defect(
        column(T, "currency", lambda table: np.where(table.index < 30, "USD", "EUR")),
        Told("several_currencies", T, "currency", 30, what="holds several currencies (EUR ", example="'USD'"),
    ),
    "two currencies that the policy converts": Defect(
        column(T, "currency", lambda table: np.where(table.index < 30, "USD", "EUR")),
        Told("several_currencies", T, "currency", 30, "note"),
        options=CONVERTED,
    ),
    "a currency without a rate": Defect(
        column(T, "currency", lambda table: np.where(table.index < 30, "JPY", "EUR")),
        Told("currency_without_rate", T, "currency", 30, what="has no rate in the policy (JPY)"),
        options=CONVERTED,
    ),
    "rates that name no currency": Defect(
        column(T, "currency", lambda table: np.where(table.index < 30, "USD", "EUR")),
        Told("currency_without_rate", T, "currency", 30),
        options={"policy": Policy(currency=Currency("EUR", RATES[["rate"]]))},
    ),
    "a currency that is none": Defect(
        column(T, "currency", lambda table: np.where(table.index < 12, "Euro", "EUR")),
        Told("unknown_currency", T, "currency", 12, "warning", what="(Euro)"),
    ),
    "no currency": Defect(
        column(T, "currency", lambda table: pd.Series("EUR", table.index).where(table.index >= 8)),
        Told("null_currency", T, "currency", 8, "warning"),
    ),
}
FEED = {
    "days that are missing": Defect(
        keep(T, lambda table: ~between("2025-03-03", "2025-03-06")(table)),
        Told("missing_days", T, "time", 0, "warning", "has no rows on 4 days", "2025-03-03 to 2025-03-06"),
    ),
    "a single day that is missing": Defect(
        lambda tables: _large(tables, "2025-03-04"),
        Told("missing_days", T, "time", 0, "warning", what="has no rows on 1 day", example="2025-03-04"),
    ),
    "a closed Christmas Day": Defect(
        lambda tables: _large(tables, "2024-12-25"),
        Told("missing_days", T, "time", 0, "note", what="on 1 day that may be a holiday", example="2024-12-25"),
    ),
    "a fortnight with a tenth of the rows": Defect(
        keep(T, thinned("2025-03-03", "2025-03-16", 10)),
        Told("volume_fall", T, "time", where(T, between("2025-03-03", "2025-03-16")), "warning"),
    ),
    "the last days cut": Defect(
        keep(T, thinned("2025-08-18", "2025-08-22", 20)),
        Told("incomplete_end", T, "time", where(T, between("2025-08-18", "2025-08-22")), "warning", "the last 5 days"),
        options={"end": pd.Timestamp("2025-08-23")},
    ),
    "an end long after the last row": Defect(
        as_they_are,
        Told("incomplete_end", T, "time", 0, "warning", example="2025-08-23 to 2025-09-09"),
        also=(Told("incomplete_end", E, "time", 0, "warning"),),
        options={"end": pd.Timestamp("2025-09-10")},
    ),
}
COVERAGE = {
    "a column without a value": Defect(
        column("products", "brand", lambda table: None), Told("no_value", "products", "brand", 240, "warning")
    ),
    "a column that is mostly empty": Defect(
        column(T, "channel", lambda table: table["channel"].where(table.index % 3 == 0)),
        Told("mostly_null", T, "channel", where(T, lambda table: table["channel"].isna()), "note"),
    ),
    "a column that says one thing": Defect(
        column(T, "channel", lambda table: "store"), Told("constant", T, "channel", 0, "note", example="'store'")
    ),
    "a column that stops": Defect(
        column(T, "channel", lambda table: table["channel"].where(table["time"] < "2025-06-01")),
        Told(
            *("stopped_filling", T, "channel"),
            where(T, lambda table: table["time"] >= "2025-06-01"),
            "warning",
            what="is empty since 2025-05-31",
        ),
    ),
}
RARELY_FILLED = {
    "on every fourteenth day": lambda table: table["time"].dt.day_of_year % 14 == 0,
    "until five days before the end": lambda table: table["time"] < table["time"].max() - pd.Timedelta(days=5),
}
TABLES = {
    "a table we do not know": Defect(
        lambda tables: tables.update(event=tables["touches"]),
        Told("unknown_table", "event"),
    ),
    "nothing that happens": Defect(lambda tables: _only(tables, "customers", "products"), Told("missing_table", T)),
    "no transactions, and no end": Defect(lambda tables: tables.pop(T), Told("missing_end", S)),
    "customers and contracts, and no end": Defect(lambda tables: _only(tables, "customers", S), Told("missing_end", S)),
    "a policy of transactions without any": Defect(
        lambda tables: tables.pop(T),
        Told("policy_of_nothing", T, what="is not there, and the policy returns, duplicates is about it"),
        options={"end": END, "policy": Policy(returns="net", duplicates="drop", grace_days=7)},
    ),
    "contracts alone, and none": Defect(
        lambda tables: _without_contracts(tables, S),
        Told("empty_table", S),
        options={"end": END},
    ),
    "events and no contracts": Defect(
        lambda tables: _without_contracts(tables, E, S),
        Told("empty_table", S, severity="warning"),
        options={"end": END},
    ),
    "no events": Defect(keep(E, lambda table: table["kind"] == ""), Told("empty_table", E, severity="warning")),
    "no transaction": Defect(keep(T, lambda table: table["amount"] > 1e9), Told("empty_table", T)),
    "a missing column": Defect(
        made(T, lambda table: table.rename(columns={"customer_id": "Customer-ID"})),
        Told("missing_column", T, "customer_id"),
    ),
    "a column twice": Defect(
        made("touches", lambda table: table.rename(columns={"cost": "channel"})),
        Told("unreadable_table", "touches", what="['channel'] are there more than once"),
    ),
    "payments of contracts": Defect(
        _paid_monthly,
        Told("payments_of_contracts", T, "time", 0, "note", what="100% buy every month, 100% for the same amount"),
    ),
    "a format for no column": Defect(
        as_they_are, Told("unused_format", E, "when"), options={"formats": {"events.when": "%Y"}}
    ),
}


def _alone(**columns: Any) -> Break:
    """Hand in forty customers alone."""

    def broken(tables: Tables) -> None:
        ids = [f"c{number:02}" for number in range(40)]
        tables.clear()
        tables["customers"] = pd.DataFrame({"customer_id": ids, "age": [20, 30] * 20, **columns})

    return broken


ALONE = {
    "a day among attributes": Defect(
        _alone(since=pd.date_range("2025-01-01", periods=40)),
        Told("no_attribute", "customers", "since", 0, "note", what="of which no feature is made"),
    ),
    "a text that is read as a time": Defect(
        _alone(since=["31.12.2024", "01.01.2025"] * 20),
        Told("no_attribute", "customers", "since", 0, "note", what="is VARCHAR, of which"),
        options={"formats": {"customers.since": "%d.%m.%Y"}},
    ),
    "a second id": Defect(
        _alone(email=[f"{number}@example.org" for number in range(40)]),
        Told("all_different", "customers", "email", 0, "note", what="is another text for every customer"),
    ),
    "a word among numbers": Defect(
        _alone(paid=["1.5", " ", "", "none"] * 10),
        Told("own_format", "customers", "paid", 10, example="'paid': 'none'"),
        options={"formats": {"customers.paid": "number"}},
    ),
    "customers without a row": Defect(
        lambda tables: (_alone()(tables), keep("customers", lambda table: table["age"] > 99)(tables)),
        Told("empty_table", "customers"),
    ),
}
SEEDED = {**MONEY, **FEED, **COVERAGE, **TABLES, **ALONE}


@pytest.mark.parametrize("name", SEEDED)
def test_each_is_told_where_it_is_and_nothing_else(name: str, shop: Tables) -> None:
    check(SEEDED[name], shop)


@pytest.mark.parametrize("name", RARELY_FILLED)
def test_a_column_that_is_often_silent_or_not_for_long_has_not_stopped(name: str, shop: Tables) -> None:
    _large(shop)
    shop[T] = shop[T].assign(channel=shop[T]["channel"].where(RARELY_FILLED[name](shop[T])))
    assert examine("shop", shop).of("warning") == []


SOUND: dict[str, Any] = {
    "numbers and truth values": {"score": [0.5, None, 1.5, 0.5] * 10, "vip": [True, False] * 20},
    "few texts, and a category": {"plan": ["a", "b"] * 20, "tier": pd.Categorical(["x", "y"] * 20)},
    "texts that are numbers, each another": {"paid": [f"{number}.50" for number in range(40)]},
    "many texts, one of them twice": {"street": [f"s{max(number, 1)}" for number in range(40)]},
}


@pytest.mark.parametrize("name", SOUND)
def test_of_sound_customers_without_dates_there_is_nothing_to_tell(name: str) -> None:
    tables: Tables = {}
    _alone(**SOUND[name])(tables)
    report = examine("people", tables, formats={"customers.paid": "number"} if "paid" in SOUND[name] else {})
    assert report.findings == ()
    assert (report.ok, report.end, [each.name for each in report.tables]) == (True, "", ["customers"])


@pytest.mark.parametrize("names", [(S,), (S, "customers", E), (E,), ("touches",)])
def test_of_sound_tables_without_transactions_there_is_nothing_to_tell(names: tuple[str, ...], shop: Tables) -> None:
    _only(shop, *names)
    report = examine("club", shop, end=END)
    assert (report.of("error"), report.of("warning")) == ([], [])
    assert (report.end, {each.name for each in report.tables}) == ("2025-08-23T00:00:00", {*names})


def test_attributes_are_not_told_of_beside_transactions(shop: Tables) -> None:
    shop["customers"] = shop["customers"].assign(
        since=pd.Timestamp("2020-01-01"), email=shop["customers"]["customer_id"]
    )
    assert not {"no_attribute", "all_different"} & {each.check for each in examine("shop", shop).findings}
