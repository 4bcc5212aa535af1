"""What the door does with rows that can be read in several ways, and with those that cannot be used at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from configs.dataset import Discounts, Duplicates, Rejects, Returns
from features.history import Source

_ALLOWED: Final[Mapping[str, Any]] = {
    "returns": Returns,
    "discounts": Discounts,
    "duplicates": Duplicates,
    "rejects": Rejects,
}


@dataclass(frozen=True, eq=False)
class Currency:
    """The currency that everything is converted to, and what others are worth in it.

    `rates` has the columns `currency`, `rate` (units of `base` for one of it) and, where rates change, `from`: in
    force is the rate with the latest `from` (a day) at or before the row's time; an empty `from` was always in force.
    """

    base: str
    rates: Source


@dataclass(frozen=True)
class Policy:
    """The decisions about transactions, applied in the order currency, discounts, returns, duplicates; and others.

    `returns`: negative amounts that are not marked by `is_return` "raise" an error, become returns ("net"), or are left
    out with all returns, marked or not ("drop").
    `discounts`: "in" where amounts are what was paid, "out" where they are before discount: it is then subtracted (an
    empty one is 0; signed, so that a refund's discount is negative like its amount).
    `duplicates`: rows that are equal in every column and carry an order_id are kept ("keep", with a warning) or kept
    once ("drop"). Rows without an order id always stay: nothing tells a repeat from a second purchase.
    `rejects`: rows of any table that cannot be used "stop" the admission, or are left out and written beside ("keep").
    `currency`: amount, discount and cost of rows in another currency are multiplied by the rate in force and rounded to
    4 decimals; `currency` is then the base. None: amounts are left as they are.
    `grace_days`: contracts of one customer that are at most so many days apart are one membership, which lapses so many
    days after the last one's end (the view `memberships`).
    """

    returns: Returns = "raise"
    discounts: Discounts = "in"
    duplicates: Duplicates = "keep"
    rejects: Rejects = "stop"
    currency: Currency | None = None
    grace_days: int = 0

    def __post_init__(self) -> None:
        """Refuse a word that says nothing."""
        for name, kind in _ALLOWED.items():
            value, allowed = getattr(self, name), get_args(kind)
            if value not in allowed:
                raise ValueError(f"the policy {name} is one of {', '.join(allowed)}, not {value!r}")
        if self.grace_days < 0:
            raise ValueError(f"the policy grace_days is at least 0, not {self.grace_days}")


AS_IT_IS: Final = Policy()
"""The default: amounts are what was paid; what is odd stops or is told."""
OF_TRANSACTIONS: Final = ("returns", "discounts", "duplicates", "currency")
"""The policies that say something of transactions alone."""
