"""What linkage proposes, and why."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Linked:
    """Who is proposed to be whom.

    `identities` are rows for the table of that name: customer_id, into, time. They make chains that end at the
    person's first record among the customers; each is one of the `pairs`, the likeliest that joins its two parts.

    `pairs` are those compared that may be of one person, the likeliest first: one, other, probability, match_weight
    (log2 of its odds) and its summands, `weight_prior` and a `weight_…` of each thing compared, above 0 where it speaks
    for one person. `merged` says whether both are one customer by `identities`, be it by way of others.
    """

    identities: pd.DataFrame
    pairs: pd.DataFrame
