"""What was seen of customers under contract: which renewals they came to, and whether they were lost there."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.buy_till_you_die.histories import Floats, refuse, weights


@dataclass(frozen=True)
class Renewals:
    """Distinct observations, with how many customers each is; all arrays of n.

    Of customers who had survived `survived` renewals it was seen whether they were lost (1, else 0) at one of those
    after the first `since` up to `until`. Numbers of renewals need not be whole where it is not sure which lie within.
    """

    survived: Floats
    since: Floats
    until: Floats
    lost: Floats
    weight: Floats

    @classmethod
    def of(cls, *, survived: ArrayLike, lost: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Take customers as they stand: renewals survived, and whether they were lost at the next.

        Who is not lost may still be a customer for long (right-censored). Raises `ValueError` as `within` does.
        """
        survived, lost = np.asarray(survived, dtype=np.float64), np.asarray(lost, dtype=np.float64)
        start = np.zeros_like(survived)
        since = np.where(lost == 1, survived, start)
        return cls.within(survived=start, since=since, until=survived + (lost == 1), lost=lost, weight=weight)

    @classmethod
    def within(
        cls,
        *,
        survived: ArrayLike,
        since: ArrayLike,
        until: ArrayLike,
        lost: ArrayLike,
        weight: ArrayLike | None = None,
    ) -> Self:
        """Take customers seen from some renewals on (left-truncated). Raises `ValueError` for what cannot be."""
        columns = [np.ascontiguousarray(each, dtype=np.float64) for each in (survived, since, until, lost)]
        survived, since, until, lost = columns
        refuse(~np.isfinite(survived + since + until + lost), "a null or infinite number of renewals")
        refuse(
            (survived < 0) | (since < survived) | (until < since), "renewals that go back; 0 ≤ survived ≤ since ≤ until"
        )
        refuse((lost != 0) & (lost != 1), "a lost that is neither 0 nor 1")
        refuse((lost == 1) & (until == since), "been lost where no renewal was due; look at the length of the term")
        names = ["survived", "since", "until", "lost"]
        table = pd.DataFrame(dict(zip(names, columns, strict=True))).assign(weight=weights(weight, len(lost)))
        grouped = table.groupby(names, as_index=False)["weight"].sum()
        return cls(**{name: grouped[name].to_numpy() for name in [*names, "weight"]})

    @property
    def unit(self) -> float:
        """A term."""
        return 1.0

    def per(self, unit: float) -> Self:
        """Give the same: renewals are counted, whatever the unit."""
        return self
