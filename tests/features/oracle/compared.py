"""Targets that compare the horizon with the 84 days before the cutoff, in exact decimals."""

from fractions import Fraction

from tests.features.oracle.seen import Seen


def _amounts(seen: Seen) -> list[Fraction]:
    return [Fraction(str(line.amount)) for line in seen.purchases]


def _daily(before: Seen, after: Seen, days: int) -> tuple[Fraction, Fraction]:
    """Give spend a day before the cutoff, and within the horizon."""
    return sum(_amounts(before.within(84)), Fraction(0)) / 84, sum(_amounts(after), Fraction(0)) / days


def spend_fell_50(before: Seen, after: Seen, days: int) -> float:
    was, comes = _daily(before, after, days)
    return 1 if was > 0 and comes < was / 2 else 0


def spent_more_25(before: Seen, after: Seen, days: int) -> float:
    was, comes = _daily(before, after, days)
    return 1 if was > 0 and comes >= was * Fraction("1.25") else 0


def price_tier_up(before: Seen, after: Seen, _days: int) -> float:
    was, comes = _amounts(before.within(84)), _amounts(after)
    if not sum(was) or not comes:
        return 0
    return 1 if sum(comes) / len(comes) >= sum(was) / len(was) * Fraction("1.25") else 0
