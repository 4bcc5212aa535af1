"""What a model says of some rows, column by column."""

from collections.abc import Iterator
from itertools import compress
from math import inf, isfinite
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


class Answers(Struct, frozen=True):
    """A row's customer, and its `columns` by name (`score` and what else the model tells).

    `cutoffs` is None where all rows are of the batch's own cutoff, `categories` None where customers are asked about.
    """

    owners: list[str]
    cutoffs: list[Any] | None
    categories: list[str] | None
    columns: dict[str, list[Any]]

    def where(self, kept: NDArray[np.bool_]) -> "Answers":
        """Keep some rows."""
        mask = kept.tolist()
        return Answers(
            owners=list(compress(self.owners, mask)),
            cutoffs=None if self.cutoffs is None else list(compress(self.cutoffs, mask)),
            categories=None if self.categories is None else list(compress(self.categories, mask)),
            columns={name: list(compress(each, mask)) for name, each in self.columns.items()},
        )

    def of_owner(self, customer_id: str) -> "Answers":
        """Keep one customer's rows."""
        return self.where(np.array([each == customer_id for each in self.owners]))

    def by_owner(self) -> Iterator[tuple[str, list[int]]]:
        """Give each customer's rows, of pairs the best first (of equal ones in their order), without a number last."""
        if len(self.owners) == 1:
            yield self.owners[0], [0]
            return
        places: dict[str, list[int]] = {}
        for place, owner in enumerate(self.owners):
            places.setdefault(owner, []).append(place)
        if self.categories is not None:
            lowered = [-each if isfinite(each) else inf for each in self.columns["score"]]
            for mine in places.values():
                mine.sort(key=lowered.__getitem__)
        yield from places.items()
