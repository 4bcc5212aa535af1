"""`link`: which records are of one person."""

import pandas as pd

from features.linkage.forest import forest
from features.linkage.model import scored
from features.linkage.prepare import FIELDS, compared, prepared

FEWEST = 100
"""Of fewer records there is too little to learn from."""
_DECIMALS = 6
"""Beyond these, sums of doubles differ from run to run."""


def link(records: pd.DataFrame, *, time: pd.Timestamp, threshold: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """Find the records that are of one person, and merge each into another.

    `records` has the column customer_id, each once, and some of given_name, family_name (or name, the whole),
    birth_date, email, phone, street, postcode and city. At least two things must be there to compare: the name, the
    birth date, the email, and the home (phone and address in one, since those who live together share both). Case and
    spaces do not matter.

    The model is Fellegi's and Sunter's (A theory for record linkage, JASA 1969), as Splink learns it without labels;
    `seed` draws the pairs from which it learns how often strangers agree. Records are linked whose probability to be of
    one person is at least `threshold`; those that are linked by way of others belong together too. `time` is when that
    was found out: later cutoffs see the merges, so no record may have come after it.

    Gives customer_id, into, time, `probability`, `match_weight` (log2 of its odds) and its summands: `weight_prior`,
    and `weight_…` of each thing compared, above 0 where it speaks for one person. A row is a pair that was compared;
    of the pairs that join a person's records it is the likeliest. Merges make chains that end at the person's first
    record in `records`.

    Raises `ImportError` without the extra `linkage`, `ValueError` for records that cannot be used.
    """
    _check(records, threshold)
    people = prepared(records)
    things = compared(people)
    if len(things) < 2:
        raise ValueError(
            f"records say too little: two of a name, a birth date, an email and a home are compared, as the columns "
            f"{', '.join(FIELDS)} tell them; there are {', '.join(map(str, records.columns))}"
        )
    pairs = scored(people, things, threshold=threshold, seed=seed)
    made = forest(records["customer_id"], pairs).round(_DECIMALS)
    made.insert(2, "time", pd.Series(time, index=made.index, dtype="datetime64[us]"))
    return made


def _check(records: pd.DataFrame, threshold: float) -> None:
    if not 0.5 <= threshold < 1:
        raise ValueError(f"threshold must lie in [0.5, 1), not {threshold}")
    if "customer_id" not in records or not pd.api.types.is_string_dtype(records["customer_id"]):
        raise ValueError("records need a column 'customer_id' of text")
    repeated = records["customer_id"][records["customer_id"].duplicated() | records["customer_id"].isna()]
    if len(repeated):
        raise ValueError(f"{len(repeated)} records have no customer_id of their own, such as {repeated.iloc[0]!r}")
    if len(records) < FEWEST:
        raise ValueError(f"{len(records)} records are too few to learn from; give at least {FEWEST}")
