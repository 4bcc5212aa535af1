"""Ids and rows that do not tell one thing from another, each seeded into sound tables."""

import pandas as pd
import pytest

from features.policy import Policy
from tests.features.usability.breaks import (
    Count,
    Defect,
    Tables,
    Told,
    all_of,
    check,
    keep,
    made,
    missing_in,
    on,
    put,
    repeat,
    where,
)

T, E = "transactions", "events"


def _numbered(tables: Tables) -> None:
    """Give numbers for ids everywhere, and some rows of one customer, and of one that is elsewhere, with zeros."""
    for name, table in tables.items():
        if "customer_id" in table:
            tables[name] = table.assign(customer_id=table["customer_id"].str[1:].astype(int).astype(str))
    ids = tables[E]["customer_id"].copy()
    places = ids.index[ids == ids.value_counts().index[0]][:7]
    ids.loc[places] = "00" + ids.loc[places]
    tables[E] = tables[E].assign(customer_id=ids)


def _merged(numbers: range) -> pd.DataFrame:
    ids = [f"C{number:07d}" for number in numbers]
    return pd.DataFrame({"customer_id": ids, "into": "C0000100", "time": pd.Timestamp("2024-12-01 10:00")})


def _of_the_tenth(table: str) -> Count:
    return where(table, lambda rows: rows["customer_id"] == "C0000010")


IDS = {
    "no customer": Defect(
        put(T, "customer_id", [3, 5, 8, 13], None), Told("null_value", T, "customer_id", 4, example="'time': '2024-01")
    ),
    "no amount": Defect(put(T, "amount", [1], None), Told("null_value", T, "amount", 1)),
    "an empty customer": Defect(
        put(E, "customer_id", [0, 1, 2], ""), Told("empty_id", E, "customer_id", 3, example="'customer_id': ''")
    ),
    "an order of blanks": Defect(put(T, "order_id", [6, 7], "  "), Told("empty_id", T, "order_id", 2, "warning")),
    "blanks around a customer": Defect(
        put(T, "customer_id", [40, 41, 42], lambda ids: ids + " "), Told("padded_id", T, "customer_id", 3)
    ),
    "a tab before a product": Defect(
        put(T, "product_id", [0, 9], lambda ids: "\t" + ids), Told("padded_id", T, "product_id", 2, "warning")
    ),
    "a word for nobody": Defect(
        put(T, "customer_id", [10, 20, 30], "NULL"),
        Told("stand_in_id", T, "customer_id", 3, example="'customer_id': 'NULL'"),
    ),
    "ids that became decimals": Defect(
        made("touches", lambda table: table.assign(customer_id=table["customer_id"].str[1:].astype(float))),
        Told("decimal_id", "touches", "customer_id", all_of("touches")),
    ),
    "ids with a point and a zero": Defect(
        put(T, "product_id", [11, 12], "17.0"),
        Told("decimal_id", T, "product_id", 2, "warning", example="'product_id': '17.0'"),
        also=(Told("orphan", T, "product_id", 2, "warning"),),
    ),
    "a customer three times": Defect(
        repeat("customers", lambda table: table.iloc[[4, 4, 9]].assign(region="north")),
        Told("duplicate_key", "customers", "customer_id", 3, example="'C0000005'"),
    ),
    "products twice": Defect(
        repeat("products", lambda table: table.iloc[:2]), Told("duplicate_key", "products", "product_id", 2)
    ),
    "a guest account": Defect(
        put(T, "customer_id", list(range(3000)), "C0000001"),
        Told(
            *("dominant_customer", T, "customer_id"),
            where(T, lambda table: table["customer_id"] == "C0000001"),
            "warning",
            example="'C0000001'",
        ),
    ),
}
WAYS = {
    "capitals": Defect(
        put(T, "product_id", [2, 4, 6, 8], lambda ids: ids.str.lower()),
        Told("id_capitals", T, "product_id", 4, "warning", what="has ids that differ by capitals only"),
    ),
    "leading zeros": Defect(_numbered, Told("id_zeros", E, "customer_id", 7, "warning", example="'00")),
    "other ids in another table": Defect(
        made("customers", lambda table: table.assign(customer_id=table["customer_id"].str.lower())),
        Told("id_forms", T, "customer_id", all_of(T), "warning", example="'C0000001' beside 'c0000001'"),
        also=(
            Told("id_forms", E, "customer_id", all_of(E), "warning"),
            Told("id_forms", "touches", "customer_id", all_of("touches"), "warning"),
            Told("id_forms", "subscriptions", "customer_id", all_of("subscriptions"), "warning"),
            Told("few_buyers", "customers", "customer_id", 1200, "warning"),
        ),
    ),
}
OTHERS = {
    "customers that nobody describes": Defect(
        keep("customers", lambda table: table["customer_id"] > "C0000010"),
        Told("orphan", T, "customer_id", missing_in("customers", T), "warning", what="for 10 of 1200 ids"),
        also=(
            Told("orphan", E, "customer_id", missing_in("customers", E), "warning"),
            Told("orphan", "touches", "customer_id", missing_in("customers", "touches"), "warning"),
            Told("orphan", "subscriptions", "customer_id", missing_in("customers", "subscriptions"), "warning"),
        ),
    ),
    "customers that nobody describes, but for those who became another": Defect(
        lambda tables: [
            keep("customers", lambda table: table["customer_id"] > "C0000010")(tables),
            tables.update(identities=_merged(range(1, 10))),
        ],
        Told("orphan", T, "customer_id", _of_the_tenth(T), "warning", example="'C0000010'"),
        also=tuple(
            Told("orphan", table, "customer_id", _of_the_tenth(table), "warning")
            for table in (E, "touches", "subscriptions")
        ),
    ),
    "subscriptions of nobody": Defect(
        put("subscriptions", "customer_id", [0, 1], "X1"),
        Told("orphan", "subscriptions", "customer_id", 2, "warning", example="'X1'"),
    ),
    "products that nobody describes": Defect(
        put(T, "product_id", [1, 2, 3], ["P9998", "P9999", "P9999"]),
        Told("orphan", T, "product_id", 3, "warning", what="is missing in products for 2 of "),
    ),
    "customers who never bought": Defect(
        repeat(
            "customers",
            lambda table: pd.concat([table, table.iloc[:100]]).assign(
                customer_id=[f"N{number}" for number in range(1300)]
            ),
        ),
        Told("few_buyers", "customers", "customer_id", 1300, "warning", what="for 1300 of 2500 customers"),
    ),
}
TWICE = {
    "rows twice": Defect(
        repeat(T, lambda table: table.iloc[[10, 20, 20, 4000]]),
        Told("equal_rows", T, "order_id", 4, "warning"),
    ),
    "rows twice that the policy drops": Defect(
        repeat(T, lambda table: table.iloc[[10, 20, 20, 4000]]),
        Told("equal_rows", T, "order_id", 4, "note"),
        options={"policy": Policy(duplicates="drop")},
    ),
    "rows twice without an order": Defect(
        made(T, lambda table: pd.concat([table, table.iloc[4000:4007]]).drop(columns="order_id")),
        Told("equal_rows_without_order", T, "", 7, "note"),
    ),
    "a day loaded twice": Defect(
        repeat(T, lambda table: table[on("2025-02-03")(table)]),
        Told(
            "day_loaded_twice", T, "", lambda tables: int(on("2025-02-03")(tables[T]).sum()) // 2, example="2025-02-03"
        ),
    ),
    "two days loaded twice, and a row beside": Defect(
        repeat(T, lambda table: table[on("2025-02-03", "2025-02-04")(table) | (table.index == 50)]),
        Told(
            *("day_loaded_twice", T, ""),
            lambda tables: int(on("2025-02-03", "2025-02-04")(tables[T]).sum()) // 2,
            what="of 2 days",
        ),
        also=(Told("equal_rows", T, "order_id", 1, "warning"),),
    ),
    "everything loaded twice": Defect(
        repeat(E, lambda table: table),
        Told("day_loaded_twice", E, "", lambda tables: len(tables[E]) // 2),
    ),
}
SEEDED = {**IDS, **WAYS, **OTHERS, **TWICE}


@pytest.mark.parametrize("name", SEEDED)
def test_each_is_told_where_it_is_and_nothing_else(name: str, shop: Tables) -> None:
    check(SEEDED[name], shop)
