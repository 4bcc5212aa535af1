"""What keeping customers is worth.

Of those who are customers in a period the share `retention` r is still there in the next, and each who is brings the
same `margin` m; d is the rate of `discount` of a period. What is still to come of a customer who has just brought
their margin is then m · r / (1 + d − r), where the factor is the margin multiple: Gupta & Lehmann (2003), "Customers
as assets", Journal of Interactive Marketing 17(1). Rates of a year fit margins of a year; `per_period` makes others.
"""

from typing import Final

POINT: Final = 0.01
"""A point of retention."""


def margin_multiple(retention: float, *, discount: float) -> float:
    """Give r / (1 + d − r): how many margins are still to come. Raises `ValueError` outside 0 ≤ r ≤ 1, d > 0."""
    _check(retention, discount)
    return retention / (1 + discount - retention)


def still_to_come(margin: float, retention: float, *, discount: float) -> float:
    """Give what is still to come of a customer, in the unit of the margin (of a period)."""
    return margin * margin_multiple(retention, discount=discount)


def value_of_point(margin: float, retention: float, *, discount: float, point: float = POINT) -> float | None:
    """Give what is still to come of a customer at a retention higher by a point, less what is at this one.

    The exact difference: for a point h it is m · h · (1 + d) / ((1 + d − r) · (1 + d − r − h)), which the derivative
    falls short of. None where a point more would lead beyond 1. Negative where the margin is.
    """
    now = margin_multiple(retention, discount=discount)
    if retention + point > 1:
        return None
    return margin * (margin_multiple(retention + point, discount=discount) - now)


def break_even_retention(margin: float, cost: float, *, discount: float) -> float | None:
    """Give the retention from which on what is still to come pays for a cost: C · (1 + d) / (m + C).

    0 for a cost of nothing or less. None where no retention does: the margin is not above 0, or even 1 is too little.
    """
    _check(0.0, discount)
    if cost <= 0:
        return 0.0
    if margin <= 0:
        return None
    found = cost * (1 + discount) / (margin + cost)
    return found if found <= 1 else None


def per_period(yearly: float, *, months: float) -> float:
    """Turn a yearly rate of discount into that of a period of so many months: (1 + d)^(months / 12) − 1."""
    return float((1 + yearly) ** (months / 12) - 1)


def _check(retention: float, discount: float) -> None:
    if not 0 <= retention <= 1:
        raise ValueError(f"retention is a share from 0 to 1, not {retention}")
    if not discount > 0:
        raise ValueError(f"the rate of discount is above 0, not {discount}: else what never ends is worth no number")
