"""Values that a column cannot have, each seeded into sound tables: types, times in other forms, numbers."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.policy import Policy
from tests.features.usability.breaks import (
    Defect,
    Tables,
    Told,
    all_of,
    as_they_are,
    check,
    column,
    made,
    put,
    where,
    written,
)

T, E = "transactions", "events"


def _texts(text: str) -> Callable[[pd.Series], pd.Series]:
    return lambda values: pd.Series(text, values.index)


def _as(form: str) -> Callable[[pd.Series], pd.Series]:
    return lambda values: values.dt.strftime(form)


def _seconds(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(time=table["time"].astype("datetime64[s]").astype("int64"))


TYPES = {
    "text for a number": Defect(
        written(T, "amount", _texts("n/a"), slice(0, 5)),
        Told("text_for_number", T, "amount", 5, what="is no finite number", example="'amount': 'n/a'"),
    ),
    "a decimal comma": Defect(
        written(T, "discount", lambda values: values.map("{:.2f}".format).str.replace(".", ",")),
        Told("text_for_number", T, "discount", all_of(T), what="has a decimal comma", example="'discount': '0,00'"),
    ),
    "an infinite amount": Defect(put(T, "amount", [4, 9], np.inf), Told("text_for_number", T, "amount", 2)),
    "numbers and texts in one column": Defect(
        made("products", lambda table: table.assign(category=[7, 8, *table["category"][2:]])),
        Told("mixed_types", "products", "category", 2, what="mixes types (238 str, 2 int)"),
    ),
    "ids of two types": Defect(
        made(E, lambda table: table.assign(customer_id=[*table["customer_id"][:-3], 1, 2, 2.5])),
        Told("mixed_types", E, "customer_id", 3, what="2 int, 1 float)"),
        also=(Told("orphan", E, "customer_id", 3, "warning"),),
    ),
    "neither true nor false": Defect(
        written(T, "is_return", _texts("maybe"), slice(10, 14)),
        Told("truth_value", T, "is_return", 4, example="'is_return': 'maybe'"),
    ),
    "text in a column of one's own that is to be a number": Defect(
        column("customers", "score", lambda table: np.where(table.index < 3, "n/a", "7.5")),
        Told("own_format", "customers", "score", 3, what="is not of the format 'number'", example="'score': 'n/a'"),
        options={"formats": {"customers.score": "number"}},
    ),
    "a term that is no whole number": Defect(
        column("subscriptions", "term_days", lambda table: np.where(table.index < 5, 30.5, 30)),
        Told("whole_number", "subscriptions", "term_days", 5),
    ),
}
FORMS = {
    "dates with the day first": Defect(
        written(T, "time", _as("%d.%m.%Y")),
        Told("date_format", T, "time", all_of(T), what="is written as %d.%m.%Y"),
    ),
    "times with the month first": Defect(
        written(E, "time", _as("%m/%d/%Y %H:%M")),
        Told("date_format", E, "time", all_of(E), what="is written as %m/%d/%Y %H:%M"),
    ),
    "day or month first": Defect(
        made("touches", lambda table: table.assign(time="05/04/2024")),
        Told("ambiguous_date", "touches", "time", all_of("touches"), example="'time': '05/04/2024'"),
    ),
    "years of two digits": Defect(
        written(E, "time", _as("%d/%m/%y")),
        Told("date_format", E, "time", all_of(E), what="is written as %d/%m/%y"),
    ),
    "some dates in another form": Defect(
        written(T, "time", _as("%d/%m/%Y"), slice(0, 40)),
        Told("mixed_formats", T, "time", 40, what="is written in several forms (ISO, "),
    ),
    "two forms, none of them ISO": Defect(
        lambda tables: [
            written(T, "time", _as("%Y/%m/%d"))(tables),
            put(T, "time", list(range(30)), "13. 4. 2025".replace(" ", ""))(tables),
        ],
        Told("mixed_formats", T, "time", all_of(T), what="is written in several forms (%Y/%m/%d, %d.%m.%Y)"),
    ),
    "dates as integers": Defect(
        made(T, lambda table: table.assign(time=table["time"].dt.strftime("%Y%m%d").astype(int))),
        Told("number_for_time", T, "time", all_of(T), what="is a number such as 20240131"),
    ),
    "seconds since 1970": Defect(
        made(E, _seconds), Told("number_for_time", E, "time", all_of(E), what="looks like seconds since 1970")
    ),
    "numbers that are no times": Defect(
        made(E, lambda table: table.assign(time=range(len(table)))),
        Told("number_for_time", E, "time", all_of(E), what="is a number, and no time", example="'time': '0'"),
    ),
    "texts that are no times": Defect(
        written(T, "time", _texts("0000-00-00"), slice(20, 27)),
        Told("unparseable_time", T, "time", 7, what="is no time", example="'time': '0000-00-00'"),
    ),
    "times of another format than the one given": Defect(
        lambda tables: [
            written("touches", "time", _as("%d/%m/%Y"))(tables),
            put("touches", "time", [1, 2], "2024-05-05")(tables),
        ],
        Told("unparseable_time", "touches", "time", 2, what="is no time of the format '%d/%m/%Y'"),
        options={"formats": {"touches.time": "%d/%m/%Y"}},
    ),
    "an offset on some times": Defect(
        written(E, "time", _as("%Y-%m-%dT%H:%M:%S+01:00"), slice(11, None)),
        Told("mixed_offsets", E, "time", 11, "warning", what="has no offset, while "),
    ),
}
NUMBERS = {
    "a negative amount": Defect(
        put(T, "amount", [100, 200, 300], [-4.5, -4.5, -7.0]),
        Told("negative_amount", T, "amount", 3, example="'amount': '-4.5'"),
    ),
    "a negative amount that becomes a return": Defect(
        put(T, "amount", [100, 200, 300], -4.5),
        Told("negative_amount", T, "amount", 3, "note"),
        options={"policy": Policy(returns="net")},
    ),
    "-1 for no amount": Defect(
        put(T, "amount", [50, 60, 70, 80], -1.0),
        Told("placeholder_number", T, "amount", 4, what="stands for none"),
    ),
    "-1 for no amount beside other negative ones": Defect(
        put(T, "amount", [50, *range(60, 82)], [-2.5, -3.5, *[-1.0] * 21]),
        Told("placeholder_number", T, "amount", 21),
        also=(Told("negative_amount", T, "amount", 2),),
    ),
    "99999 for no amount": Defect(
        put(T, "amount", [50, 60, 70], [99999.0, 99999.0, 9999.99]),
        Told("placeholder_number", T, "amount", 3, "warning"),
    ),
    "-999 for no discount": Defect(
        put(T, "discount", [1, 2], -999.0), Told("placeholder_number", T, "discount", 2, "warning")
    ),
    "an absurd amount": Defect(
        put(T, "amount", [77, 78], [5e6, 6e6]),
        Told("absurd_number", T, "amount", 2, "warning", example="'amount': '5000000.0'"),
    ),
    "a negative quantity": Defect(
        put(T, "quantity", [1, 3, 5], [-2, -3, -4]), Told("negative_number", T, "quantity", 3, "warning")
    ),
    "a negative discount": Defect(put(T, "discount", [9], -0.5), Told("negative_number", T, "discount", 1, "warning")),
    "a discount above the price": Defect(
        put(T, "discount", [15, 25], 2500.0), Told("discount_above_price", T, "discount", 2, "warning")
    ),
    "a discount above the amount it is taken off": Defect(
        put(T, "discount", [15, 25, 35], lambda values: values + 10_000.0),
        Told("discount_above_amount", T, "discount", 3),
        also=(Told("discount_above_price", T, "discount", 3, "warning"),),
        options={"policy": Policy(discounts="out")},
    ),
    "refunds above zero": Defect(
        column(T, "amount", lambda table: table["amount"].abs()),
        Told("positive_return", T, "amount", where(T, lambda table: table["is_return"]), "warning"),
    ),
    "some amounts of zero": Defect(put(T, "amount", [1, 2], 0.0), Told("zero_amount", T, "amount", 2, "note")),
    "many amounts of zero": Defect(
        put(T, "amount", list(range(2000)), 0.0), Told("zero_amount", T, "amount", 2000, "warning")
    ),
}
TIMES = {
    "1970": Defect(put(T, "time", [5, 6], pd.Timestamp("1970-01-01 01:00")), Told("placeholder_time", T, "time", 2)),
    "1900": Defect(put(E, "time", [1], pd.Timestamp("1900-01-01")), Told("placeholder_time", E, "time", 1)),
    "9999 for now": Defect(
        made(
            T,
            lambda table: table.assign(
                time=table["time"].astype("datetime64[s]").where(table.index > 2, np.datetime64("9999-12-31"))
            ),
        ),
        Told("placeholder_time", T, "time", 3),
    ),
    "2099 for now": Defect(
        put(T, "time", [0, 1, 2], pd.Timestamp("2099-12-31")), Told("placeholder_time", T, "time", 3)
    ),
    "9999 for an open end": Defect(
        put("subscriptions", "end", [0, 1, 2], pd.Timestamp("9999-12-31")),
        Told("placeholder_time", "subscriptions", "end", 3, "warning"),
    ),
    "the future": Defect(
        put(T, "time", [100, 101], pd.Timestamp("2031-05-05 10:00")),
        Told("future_time", T, "time", 2, example="2031-05-05"),
        options={"now": pd.Timestamp("2025-08-24")},
    ),
    "after the end": Defect(
        as_they_are,
        Told("time_after_end", T, "time", where(T, lambda table: table["time"] >= "2025-06-01"), "warning"),
        also=(
            Told("time_after_end", E, "time", where(E, lambda table: table["time"] >= "2025-06-01"), "warning"),
            Told("time_after_end", "touches", "time", where("touches", lambda t: t["time"] >= "2025-06-01"), "warning"),
            Told(
                *("time_after_end", "subscriptions", "start"),
                where("subscriptions", lambda table: table["start"] >= "2025-06-01"),
                "warning",
            ),
        ),
        options={"end": pd.Timestamp("2025-06-01")},
    ),
    "an end before the start": Defect(
        put("subscriptions", "end", [3, 4], pd.Timestamp("2023-06-01")),
        Told("end_before_start", "subscriptions", "end", 2),
    ),
    "known before it happened": Defect(
        column(T, "known_time", lambda table: table["time"] - pd.to_timedelta((table.index < 9).astype(int), unit="h")),
        Told("known_before_time", T, "known_time", 9, "warning"),
    ),
    "days instead of times": Defect(
        column(T, "time", lambda table: table["time"].dt.normalize()), Told("only_midnights", T, "time", 0, "note")
    ),
}
SEEDED = {**TYPES, **FORMS, **NUMBERS, **TIMES}


@pytest.mark.parametrize("name", SEEDED)
def test_each_is_told_where_it_is_and_nothing_else(name: str, shop: Tables) -> None:
    check(SEEDED[name], shop)
