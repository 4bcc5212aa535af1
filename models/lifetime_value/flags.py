"""What should be said of a customer's numbers before they are believed."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Marks = NDArray[np.bool_]

ONE_PURCHASE: Final = "one purchase only"
PROBABLY_GONE: Final = "probably gone"
EXTRAPOLATED: Final = "extrapolated: horizon longer than the history seen"
AMOUNT_FAR_OUT: Final = "amount far outside"
SPEND_GROWS: Final = "spend grows with frequency"
SPEND_FALLS: Final = "spend falls with frequency"

FAR_OUT: Final = 1e-3
"""Share of customers, half of them too high and half too low, whose amounts are far out by chance."""
RELATED: Final = 0.3
"""Rank correlation of spend and frequency from which on they are not independent. CDNOW, where the models do well, has
.2."""


def joined(marks: Mapping[str, Marks]) -> NDArray[np.object_]:
    """Give for each customer what they are marked with, in the order given, parted by semicolons."""
    codes = sum(mark.astype(np.int64) << place for place, mark in enumerate(marks.values()))
    distinct, which = np.unique(np.asarray(codes), return_inverse=True)
    told = ["; ".join(flag for place, flag in enumerate(marks) if code >> place & 1) for code in distinct.tolist()]
    return np.array(told, dtype=object)[which]
