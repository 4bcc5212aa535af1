"""What linkage cannot use."""

from typing import Final

import pandas as pd

from features.linkage.prepare import FIELDS

FEWEST: Final = 100
"""Of fewer customers there is too little to learn from."""


def refuse(customers: pd.DataFrame, *, time: pd.Timestamp, threshold: float, shown: float) -> None:
    """Raise `ValueError` for arguments of `link` that it cannot use."""
    if not 0.5 <= threshold < 1:
        raise ValueError(f"threshold must lie in [0.5, 1), not {threshold}")
    if not 0 < shown <= threshold:
        raise ValueError(f"shown must lie above 0 and not above the threshold {threshold}, not {shown}")
    if pd.isna(time):
        raise ValueError("time must say when the customers were linked, not NaT")
    _refuse_ids(customers)
    _refuse_columns([str(name) for name in customers.columns if name != "customer_id"])
    if len(customers) < FEWEST:
        raise ValueError(f"{len(customers)} customers are too few to learn from; give at least {FEWEST}")


def _refuse_ids(customers: pd.DataFrame) -> None:
    if "customer_id" not in customers or not pd.api.types.is_string_dtype(customers["customer_id"]):
        raise ValueError("customers need a column 'customer_id' of text")
    ids = customers["customer_id"]
    repeated = ids[ids.duplicated(keep=False) | ids.isna()]
    if len(repeated):
        raise ValueError(
            f"{len(repeated)} customers have no customer_id of their own, such as {repeated.iloc[0]!r}; "
            "keep one row of each"
        )


def _refuse_columns(names: list[str]) -> None:
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise ValueError(
            f"linkage does not know the columns {', '.join(unknown)}; leave them out, or call them by what they say: "
            f"{', '.join(FIELDS)}"
        )
    if len({"given_name", "family_name"} & set(names)) == 1 or {"name", "given_name"} <= set(names):
        raise ValueError(
            "a name is told by given_name and family_name, or by name as a whole: give both, or this alone"
        )
    if "city" in names and not {"street", "postcode"} & set(names):
        raise ValueError("a city alone says too little of a home: give street or postcode too, or leave it out")
