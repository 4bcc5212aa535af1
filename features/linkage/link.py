"""`link`: which customers are of one person."""

import math

import pandas as pd

from features.linkage.faults import refuse
from features.linkage.forest import forest, groups
from features.linkage.linked import Linked
from features.linkage.model import scored
from features.linkage.prepare import prepared


def link(
    customers: pd.DataFrame,
    *,
    time: pd.Timestamp,
    threshold: float = 0.95,
    shown: float = 0.5,
    seed: int = 0,
) -> Linked:
    """Find the customers who are one person, and propose whom to merge into whom.

    `customers` has the column customer_id, each once, and some of given_name and family_name (or name, the whole),
    birth_date (best as dates or YYYY-MM-DD), email, phone, street, postcode and city, with nulls where they say
    nothing: at least two of the name, the birth date and the email. Phone and address are compared as one thing, the
    home, since those who live together share both. Case and spaces do not matter. What more than 20 customers have as
    email, phone or address is nobody's, and so is a name or birth date that one in 500 has, such as 1900-01-01.

    The model is that of Fellegi and Sunter (A theory for record linkage, JASA 1969) as Splink learns it without labels;
    `seed` draws the pairs from which it learns how often strangers agree. Customers are merged who are of one person
    with a probability of at least `threshold`; those who are linked by way of others belong together too. `time` is
    when that was found out, naive or with a zone: only later cutoffs see the merges. It may not be before a customer
    was there.

    Gives `identities`, rows for the table of that name, and the `pairs` from the probability `shown` on: see `Linked`.
    It is a proposal. The probabilities are the model's and are as good as it: before the rows are used, a person should
    look at the borderline pairs, those little above `threshold` (merged) and below it (not merged), and drop the rows
    that are wrong. Nothing is found where no two customers agree in two of name, birth date and email: from nobody
    nothing can be learnt.

    Raises `ImportError` without the extra `linkage`, `ValueError` for customers that cannot be used.
    """
    refuse(customers, time=time, threshold=threshold, shown=shown)
    ids = customers["customer_id"].astype("str").reset_index(drop=True)
    pairs = scored(prepared(customers), shown=shown, seed=seed)
    joining = pairs[pairs["match_weight"] >= math.log2(threshold / (1 - threshold))]
    identities = forest(ids, joining)
    identities["time"] = pd.DatetimeIndex([time]).as_unit("us").repeat(len(identities))
    group = pd.Series(groups(ids, joining), index=ids)
    merged = group[pairs["one"]].to_numpy() == group[pairs["other"]].to_numpy()
    return Linked(identities, pairs.assign(merged=merged))
