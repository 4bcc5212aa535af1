"""Customers made comparable: one spelling, and nothing that is nobody's own."""

from typing import Final

import pandas as pd

FIELDS: Final = ("given_name", "family_name", "name", "birth_date", "email", "phone", "street", "postcode", "city")
"""What customers may say."""
SHARED: Final = 20
"""An email, phone or address that more customers have is no person's, such as that of a shop, and says nothing."""
STAND_IN: Final = 1 / 500
"""A name or birth date that more than this share (and than `SHARED`) have stands in for an unknown one."""
_PHONE_DIGITS: Final = 9
"""Of a phone number the last digits are compared: before them are 0, 0049 or +49."""


def prepared(customers: pd.DataFrame) -> pd.DataFrame:
    """Give customers in one spelling, with the columns full_name and address where their parts are there.

    Columns that say nothing are left out.
    """
    people = customers[["customer_id"]].astype("str").reset_index(drop=True)
    for name in [name for name in FIELDS if name in customers]:
        values = customers[name].reset_index(drop=True)
        people[name] = _dates(values) if name == "birth_date" else _plain(values)
    if "phone" in people:
        people["phone"] = _empty(people["phone"].str.replace(r"\D", "", regex=True).str[-_PHONE_DIGITS:])
    if "given_name" in people:
        people["full_name"] = people["given_name"] + " " + people["family_name"]
    if "street" in people:
        people["address"] = people["street"]
        for name in [name for name in ("postcode", "city") if name in people]:
            people["address"] += " " + people[name].fillna("")
    return _own(people).dropna(axis="columns", how="all")


def _own(people: pd.DataFrame) -> pd.DataFrame:
    """Leave out what too many have for it to be anybody's own."""
    often = max(SHARED, STAND_IN * len(people))
    for name in people.columns.intersection(["email", "phone", "address"]):
        people[name] = people[name].where(_counts(people[name]) <= SHARED)
    for name in people.columns.intersection(["full_name", "name", "birth_date"]):
        shared = _counts(people[name]) > often
        parts = ["given_name", "family_name"] if name == "full_name" else []
        people.loc[shared, [name, *parts]] = None
    return people


def _counts(values: pd.Series) -> pd.Series:
    """Count who says the same; null for nothing."""
    return values.map(values.value_counts())


def _plain(values: pd.Series) -> pd.Series:
    """Write text in small letters and single spaces; whole numbers that came as decimals, for want of some, as such."""
    text = values.convert_dtypes().astype("str").str.casefold().str.replace(r"\s+", " ", regex=True)
    return _empty(text.str.strip())


def _empty(text: pd.Series) -> pd.Series:
    return text.where(text != "")


def _dates(values: pd.Series) -> pd.Series:
    """Write dates in ISO's way; what is none stays text, which may still be a slip away from a date."""
    text = _plain(values)
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce")
    return dates.dt.strftime("%Y-%m-%d").astype("str").fillna(text)
