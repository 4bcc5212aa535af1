"""Every number of the library against loops in plain Python: one customer, one cutoff, one row after the other."""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd
import pytest

from features.engine.run import observe, outcome
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS, available, chosen


class Line(NamedTuple):
    customer: str
    time: datetime
    known: datetime
    amount: float
    category: str | None
    discount: float | None


Lines = list[Line]
Oracle = Callable[[Lines, datetime], float | None]


def _lines(rows: pd.DataFrame) -> Lines:
    """Read purchases off the drawn rows; returns are no purchases."""
    lines = []
    for row in rows.to_dict("records"):
        if row["is_return"] is not True:
            time = row["time"].to_pydatetime()
            known = time if pd.isna(row["known_time"]) else row["known_time"].to_pydatetime()
            category = None if pd.isna(row["category"]) else row["category"]
            discount = None if pd.isna(row["discount"]) else row["discount"]
            lines.append(Line(row["customer_id"], time, known, row["amount"], category, discount))
    return lines


def _within(lines: Lines, cutoff: datetime, days: int) -> Lines:
    return [line for line in lines if line.time >= cutoff - timedelta(days=days)]


def _days(lines: Lines) -> list[date]:
    days: list[date] = []
    for line in sorted(lines, key=lambda line: line.time):
        if line.time.date() not in days:
            days.append(line.time.date())
    return days


def _gaps(lines: Lines) -> list[int]:
    days = _days(lines)
    return [(days[place] - days[place - 1]).days for place in range(1, len(days))]


def _ages(lines: Lines, cutoff: datetime) -> list[int]:
    return [(cutoff.date() - day).days for day in _days(lines)]


def _mean(values: list[Any]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def spend(lines: Lines, cutoff: datetime) -> float:
    return math.fsum(line.amount for line in lines)


def purchase_days(lines: Lines, cutoff: datetime) -> float:
    return len(_days(lines))


def frequency(lines: Lines, cutoff: datetime) -> float:
    return len(_days(lines)) - 1 if lines else 0


def recency_days(lines: Lines, cutoff: datetime) -> float:
    return (_days(lines)[-1] - _days(lines)[0]).days if lines else 0


def tenure_days(lines: Lines, cutoff: datetime) -> float:
    return (cutoff.date() - _days(lines)[0]).days if lines else 0


def monetary_value(lines: Lines, cutoff: datetime) -> float:
    repeats = _days(lines)[1:]
    return math.fsum(line.amount for line in lines if line.time.date() in repeats) / len(repeats) if repeats else 0


def mean_day_spend(lines: Lines, cutoff: datetime) -> float | None:
    return _mean([math.fsum(line.amount for line in lines if line.time.date() == day) for day in _days(lines)])


def days_since_last(lines: Lines, cutoff: datetime) -> float | None:
    return min(_ages(lines, cutoff)) if lines else None


def recency_share(lines: Lines, cutoff: datetime) -> float | None:
    ages = _ages(lines, cutoff)
    return _share(min(ages), max(ages)) if lines else None


def gap_mean(lines: Lines, cutoff: datetime) -> float | None:
    return _mean(_gaps(lines))


def gap_std(lines: Lines, cutoff: datetime) -> float | None:
    gaps = _gaps(lines)
    if len(gaps) < 2:
        return None
    mean = sum(gaps) / len(gaps)
    return math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1))


def gap_max(lines: Lines, cutoff: datetime) -> float | None:
    return max(_gaps(lines)) if _gaps(lines) else None


def silence_ratio(lines: Lines, cutoff: datetime) -> float | None:
    gaps = _gaps(lines)
    return min(_ages(lines, cutoff)) / (sum(gaps) / len(gaps)) if gaps else None


def spend_trend(lines: Lines, cutoff: datetime) -> float | None:
    return _share(spend(_within(lines, cutoff, 28), cutoff), spend(_within(lines, cutoff, 91), cutoff))


def categories_ever(lines: Lines, cutoff: datetime) -> float:
    return len({line.category for line in lines if line.category is not None})


def lines_per_day(lines: Lines, cutoff: datetime) -> float | None:
    return len(lines) / len(_days(lines)) if lines else None


def discount_share(lines: Lines, cutoff: datetime) -> float | None:
    discounts = math.fsum(line.discount for line in lines if line.discount is not None)
    return _share(discounts, discounts + spend(lines, cutoff))


def discounted_lines_share(lines: Lines, cutoff: datetime) -> float | None:
    return _share(sum(1 for line in lines if line.discount is not None and line.discount > 0), len(lines))


def bought(lines: Lines, cutoff: datetime) -> float:
    return 1 if lines else 0


def not_bought(lines: Lines, cutoff: datetime) -> float:
    return 0 if lines else 1


def windowed(oracle: Oracle, days: int) -> Oracle:
    return lambda lines, cutoff: oracle(_within(lines, cutoff, days), cutoff)


def days_decayed(half_life: int) -> Oracle:
    return lambda lines, cutoff: math.fsum(2 ** (-age / half_life) for age in _ages(lines, cutoff))


def spend_decayed(half_life: int) -> Oracle:
    return lambda lines, cutoff: math.fsum(
        line.amount * 2 ** (-(cutoff.date() - line.time.date()).days / half_life) for line in lines
    )


PER_CUSTOMER: dict[str, Oracle] = {
    "categories_91d": windowed(categories_ever, 91),
    "categories_ever": categories_ever,
    "lines_per_day": lines_per_day,
    **{f"purchase_days_decayed_{days}d": days_decayed(days) for days in (14, 45, 120)},
    **{f"spend_decayed_{days}d": spend_decayed(days) for days in (14, 45, 120)},
    "discount_share": discount_share,
    "discounted_lines_share": discounted_lines_share,
    "gap_mean": gap_mean,
    "gap_std": gap_std,
    "gap_max": gap_max,
    "silence_ratio": silence_ratio,
    "frequency": frequency,
    "recency_days": recency_days,
    "tenure_days": tenure_days,
    "monetary_value": monetary_value,
    "mean_day_spend": mean_day_spend,
    "purchase_days": purchase_days,
    "spend": spend,
    "days_since_last": days_since_last,
    "recency_share": recency_share,
    **{f"purchase_days_{days}d": windowed(purchase_days, days) for days in (28, 56, 91, 182)},
    **{f"spend_{days}d": windowed(spend, days) for days in (28, 91, 182)},
    "spend_trend": spend_trend,
}
PER_CATEGORY: dict[str, Oracle] = {
    "category_purchase_days": purchase_days,
    "category_bought_182d": windowed(bought, 182),
    "category_spend": spend,
    "category_days_since_last": days_since_last,
}
WHO: dict[str, Oracle] = {
    "known": bought,
    **{f"active_{days}d": windowed(bought, days) for days in (28, 84, 91, 182, 365)},
}
WHICH: dict[str, Oracle] = {f"new_category_{days}d": windowed(not_bought, days) for days in (91, 182)}
OUTCOMES: dict[str, Oracle] = {"churned": not_bought, "orders": purchase_days, "future_spend": spend}
PAIR_OUTCOMES: dict[str, Oracle] = {"bought_category": bought}
PAST = {**PER_CUSTOMER, **PER_CATEGORY, **WHO, **WHICH}
FUTURE = {**OUTCOMES, **PAIR_OUTCOMES}
HORIZON = 45


def test_everything_declared_has_an_oracle() -> None:
    assert sorted(FEATURES) == sorted([*PER_CUSTOMER, *PER_CATEGORY])
    assert sorted(TARGETS) == sorted(FUTURE)
    assert sorted(POPULATIONS) == sorted([*WHO, *WHICH])


@pytest.fixture(scope="module", params=["midnights", "odd_hours"])
def spine(request: pytest.FixtureRequest, everyone: Callable[[pd.DatetimeIndex], pd.DataFrame]) -> pd.DataFrame:
    return everyone(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def frame(history: History, spine: pd.DataFrame) -> pd.DataFrame:
    declared = [*FEATURES.values(), *POPULATIONS.values()]
    past = observe(history, spine, declared)
    return past.join(outcome(history, spine, list(TARGETS.values()), horizon_days=HORIZON)[list(TARGETS)])


@pytest.fixture(scope="module")
def lines(purchases: pd.DataFrame) -> dict[str, Lines]:
    every: dict[str, Lines] = {"nobody": []}
    for line in _lines(purchases):
        every.setdefault(line.customer, []).append(line)
    return every


def _period(name: str, lines: Lines, cutoff: datetime) -> Lines:
    if name in FUTURE:
        return [line for line in lines if cutoff <= line.time < cutoff + timedelta(days=HORIZON)]
    return [line for line in lines if line.time < cutoff and line.known < cutoff]


@pytest.mark.parametrize("name", [*PER_CUSTOMER, *WHO, *OUTCOMES])
def test_a_number_of_a_customer_equals_its_loop(frame: pd.DataFrame, lines: dict[str, Lines], name: str) -> None:
    rows = frame.drop_duplicates(["customer_id", "cutoff"])
    for customer, cutoff, actual in zip(rows["customer_id"], rows["cutoff"], rows[name], strict=True):
        when = cutoff.to_pydatetime()
        expected = {**PAST, **FUTURE}[name](_period(name, lines[customer], when), when)
        assert _equal(name, actual, expected), (customer, cutoff, actual, expected)


@pytest.mark.parametrize("name", [*PER_CATEGORY, *WHICH, *PAIR_OUTCOMES])
def test_a_number_of_a_pair_equals_its_loop(frame: pd.DataFrame, lines: dict[str, Lines], name: str) -> None:
    keys = zip(frame["customer_id"], frame["cutoff"], frame["category"], frame[name], strict=True)
    for customer, cutoff, category, actual in keys:
        when = cutoff.to_pydatetime()
        bought = [line for line in _period(name, lines[customer], when) if line.category == category]
        expected = {**PAST, **FUTURE}[name](bought, when)
        assert _equal(name, actual, expected), (customer, cutoff, category, actual, expected)


def _equal(name: str, actual: float, expected: float | None) -> bool:
    """Compare to 1e-9; the engine rounds each of up to a hundred decayed terms to 1e-9."""
    slack = 1e-8 if "decayed" in name else 1e-9
    return math.isnan(actual) if expected is None else math.isclose(actual, expected, rel_tol=1e-9, abs_tol=slack)


def test_features_are_chosen_by_name_or_family_each_once_in_order() -> None:
    names = [each.name for each in chosen(["gap_max", "gaps", "spend"])]
    assert names == ["gap_max", "gap_mean", "gap_std", "silence_ratio", "spend"]
    with pytest.raises(LookupError, match="unknown feature 'spent'; did you mean 'spend'"):
        chosen(["spent"])


def test_features_are_available_where_their_columns_are(cdnow: History, history: History) -> None:
    families = {each.family for each in available(cdnow)}
    assert families == {"decay", "gaps", "rfm", "windows", "breadth"}
    assert "categories_ever" not in {each.name for each in available(cdnow)}
    assert available(history) == list(FEATURES.values())


def test_every_feature_says_its_unit_and_family() -> None:
    units = {each.unit for each in FEATURES.values()}
    assert units == {"days", "currency", "share", "ratio", "lines", "categories", "0 or 1"}


def test_what_a_window_bounds_does_not_grow_with_the_calendar() -> None:
    bounded = {each.name for each in FEATURES.values() if re.search(r"_\d+d$", each.name)}
    elapsed = {each.name for each in FEATURES.values() if each.drift == "elapsed"}
    assert len(bounded) == 15
    assert not bounded & elapsed
    assert elapsed > {"frequency", "recency_days", "tenure_days", "spend"}
