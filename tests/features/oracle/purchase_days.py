"""rfm, windows, decay, gaps, trend, regularity, rates: when and how much a customer buys."""

from tests.features.oracle.seen import Seen
from tests.features.oracle.sums import deviation, mean, share, total


def spend(seen: Seen) -> float:
    return seen.spend


def items(seen: Seen) -> float:
    return seen.items


def purchase_days(seen: Seen) -> float:
    return len(seen.days)


def frequency(seen: Seen) -> float:
    return len(seen.days) - 1 if seen.days else 0


def repeat_periods(seen: Seen, length: int) -> float:
    """Number the periods back from the cutoff, the last one 0, which the day of the cutoff is in too."""
    return max(0, len({max(age - 1, 0) // length for age in seen.ages}) - 1)


def recency_days(seen: Seen) -> float:
    return (seen.days[-1] - seen.days[0]).days if seen.days else 0


def tenure_days(seen: Seen) -> float:
    return (seen.cutoff.date() - seen.days[0]).days if seen.days else 0


def monetary_value(seen: Seen) -> float:
    repeats = seen.days[1:]
    return total(line.amount for day in repeats for line in seen.by_day[day]) / len(repeats) if repeats else 0


def mean_day_spend(seen: Seen) -> float | None:
    return mean(seen.spend_by_day)


def days_since_last(seen: Seen) -> float | None:
    return min(seen.ages, default=None)


def recency_share(seen: Seen) -> float | None:
    return share(min(seen.ages), max(seen.ages)) if seen.ages else None


def spend_trend(seen: Seen) -> float | None:
    return share(seen.within(28).spend, seen.within(91).spend)


def days_decayed(seen: Seen, half_life: int) -> float:
    return total([2 ** (-age / half_life) for age in seen.ages])


def spend_decayed(seen: Seen, half_life: int) -> float:
    spent = zip(seen.ages, seen.by_day.values(), strict=True)
    return total(line.amount * 2 ** (-age / half_life) for age, lines in spent for line in lines)


def gap_mean(seen: Seen) -> float | None:
    return mean(seen.gaps)


def gap_std(seen: Seen) -> float | None:
    return deviation(seen.gaps)


def gap_max(seen: Seen) -> float | None:
    return max(seen.gaps, default=None)


def silence_ratio(seen: Seen) -> float | None:
    return share(days_since_last(seen), mean(seen.gaps))


def gap_cv(seen: Seen) -> float | None:
    return share(deviation(seen.gaps), mean(seen.gaps))


def gap_last(seen: Seen) -> float | None:
    return seen.gaps[-1] if seen.gaps else None


def gap_last_ratio(seen: Seen) -> float | None:
    return share(gap_last(seen), mean(seen.gaps))


def purchase_days_change(seen: Seen) -> float | None:
    lately, earlier = seen.within(28), seen.within(91).before(28)
    return share(len(lately.days) / 28, len(earlier.days) / 63)


def spend_change(seen: Seen) -> float | None:
    lately, earlier = seen.within(28), seen.within(91).before(28)
    return share(lately.spend / 28, earlier.spend / 63)


def day_spend_change(seen: Seen) -> float | None:
    return share(mean(seen.within(91).spend_by_day), mean(seen.before(91).spend_by_day))


def purchase_days_rate(seen: Seen) -> float | None:
    return share(30 * len(seen.days), tenure_days(seen))


def spend_rate(seen: Seen) -> float | None:
    return share(30 * seen.spend, tenure_days(seen))


def items_rate(seen: Seen) -> float | None:
    return share(30 * seen.items, tenure_days(seen))
