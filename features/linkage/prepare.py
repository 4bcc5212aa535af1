"""Records made comparable: one spelling, and nothing that is nobody's own."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

FIELDS: Final = ("given_name", "family_name", "name", "birth_date", "email", "phone", "street", "postcode", "city")
"""What records may say."""
SHARED: Final = 20
"""An email, phone or address that more records have is no person's, such as that of a shop, and says nothing."""
THINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("full_name", "name", "given_name", "family_name"),
    "birth_date": ("birth_date",),
    "email": ("email",),
    "home": ("phone", "address"),
}
"""What is compared, each as one, and the columns that tell it."""
_PHONE_DIGITS: Final = 9
"""Of a phone number the last digits are compared: before them are 0, 0049 or +49."""


def prepared(records: pd.DataFrame) -> pd.DataFrame:
    """Give records in one spelling, with the columns full_name and address where their parts are there."""
    people = records[["customer_id"]].astype("str").reset_index(drop=True)
    for name in FIELDS:
        if name in records:
            values = records[name].reset_index(drop=True)
            people[name] = _dates(values) if name == "birth_date" else _plain(values)
    if "phone" in people:
        people["phone"] = _empty(people["phone"].str.replace(r"\D", "", regex=True).str[-_PHONE_DIGITS:])
    if {"given_name", "family_name"} <= set(people):
        people["full_name"] = people["given_name"] + " " + people["family_name"]
    if "street" in people:
        people["address"] = people["street"]
        for name in ("postcode", "city"):
            people["address"] += " " + people[name].fillna("") if name in people else ""
    for name in people.columns.intersection(["email", "phone", "address"]):
        counts = people[name].map(people[name].value_counts())
        people[name] = people[name].where(counts <= SHARED)
    return people


def compared(people: pd.DataFrame) -> dict[str, list[str]]:
    """Name what can be compared, and the columns that tell it."""
    told = {thing: [name for name in columns if name in people] for thing, columns in THINGS.items()}
    return {thing: columns for thing, columns in told.items() if columns}


def _plain(values: pd.Series) -> pd.Series:
    """Write text in small letters and single spaces."""
    text = values.astype("str").str.casefold().str.replace(r"\s+", " ", regex=True)
    return _empty(text.str.strip())


def _empty(text: pd.Series) -> pd.Series:
    return text.where(text != "")


def _dates(values: pd.Series) -> pd.Series:
    """Write dates in ISO's way; what is none stays text, which may still be a slip away from a date."""
    text = _plain(values)
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce")
    return dates.dt.strftime("%Y-%m-%d").astype("str").fillna(text)
