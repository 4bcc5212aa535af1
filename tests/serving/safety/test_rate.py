"""The buckets: boundaries by hand, then the law: at most burst + rate·t over any t seconds, and not less either."""

from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.safety.keys import ANYONE, Caller
from serving.safety.rate import Limits, cost_of


def caller(rate: float, burst: float, name: str = "key") -> Caller:
    return Caller(name, name, None, None, rate, burst)


def asked(limits: Limits, who: Caller, times: list[float], cost: float = 1.0) -> list[bool]:
    return [limits.allow(who, cost, now=now) == 0 for now in times]


def test_the_burst_passes_at_once_and_then_the_rate() -> None:
    limits, who = Limits(), caller(2, 3)
    assert asked(limits, who, [0.0] * 4) == [True, True, True, False]
    assert limits.allow(who, now=0.0) == 0.5
    assert asked(limits, who, [0.49, 0.5, 0.5, 0.99, 1.0]) == [False, True, False, False, True]


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    limits, who = Limits(), caller(2, 3)
    assert asked(limits, who, [0.0] * 3 + [1e6] * 4) == [True] * 6 + [False]


def test_who_must_wait_has_paid_nothing() -> None:
    limits, who = Limits(), caller(1, 1)
    assert asked(limits, who, [0.0, *[0.5] * 100, 1.0]) == [True, *[False] * 100, True]


@pytest.mark.parametrize("start", [0.0, 100.1, 1e5 + 0.1, 1e7 + 0.3, 1e9])
@pytest.mark.parametrize("rate", [0.1, 1 / 3, 7, 10, 1_000])
def test_after_the_wait_that_was_told_it_passes(rate: float, start: float) -> None:
    """A clock that has run for a year tells times 2 ns apart, after 30 years 120 ns."""
    limits, who = Limits(), caller(rate, 1)
    now = start
    for _ in range(500):
        assert limits.allow(who, now=now) == 0
        wait = limits.allow(who, now=now)
        assert wait == pytest.approx(1 / rate, abs=2e-6)
        assert limits.allow(who, now=now + wait / 2) > 0
        now += wait


def test_nothing_drifts_over_a_million_requests() -> None:
    """Asked each millisecond for 1,000 seconds, by a clock that has run for four months: 10,000 and the burst."""
    limits, who = Limits(), caller(10, 5)
    passed = sum(limits.allow(who, now=1e7 + step * 0.001) == 0 for step in range(1_000_001))
    assert passed == 10_005


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    """Nor takes it, and the time that it repeats is not given twice."""
    limits, who = Limits(), caller(10, 2)
    assert asked(limits, who, [5.0, 4.0, 0.0, 5.0, 5.0]) == [True, True, False, False, False]


def test_keys_do_not_share() -> None:
    limits = Limits()
    assert [limits.allow(caller(1, 1, name), now=0.0) for name in "abca"] == [0, 0, 0, 1.0]


def test_a_rate_that_the_file_changes_counts_at_once() -> None:
    limits = Limits()
    assert limits.allow(caller(1, 100), now=0.0) == 0
    assert asked(limits, caller(1, 2), [0.0] * 3) == [True, True, False]
    assert limits.allow(caller(4, 2), now=0.25) == 0


def test_where_no_keys_are_needed_nothing_waits() -> None:
    limits = Limits()
    assert all(limits.allow(ANYONE, 1e9, now=0.0) == 0 for _ in range(1_000))
    assert len(limits) == 0


def test_many_customers_cost_more_than_one() -> None:
    assert [cost_of(each) for each in (0, 1, 2, 101, 1_000)] == [1.0, 1.0, 1.01, 2.0, pytest.approx(10.99)]


def test_what_costs_more_than_the_burst_passes_when_all_is_there_and_is_paid_for() -> None:
    limits, who = Limits(), caller(2, 3)
    assert limits.allow(who, 11, now=0.0) == 0
    assert limits.allow(who, 11, now=0.0) == 5.5
    assert asked(limits, who, [4.49, 4.5]) == [False, True]
    assert limits.allow(who, 11, now=5.0) == 1.0


def test_what_was_paid_before_the_cost_was_known_counts() -> None:
    limits, who = Limits(), caller(2, 20)
    assert limits.allow(who, now=0.0) == 0
    assert limits.allow(who, 11, paid=1, now=0.0) == 0
    assert limits.allow(who, 10, now=0.0) == 0.5
    assert limits.allow(who, 9, now=0.0) == 0


@pytest.mark.parametrize("cost", [3, 11])
def test_who_waits_as_told_passes_and_has_paid_at_the_door(cost: float) -> None:
    """A request pays 1 at the door, which is kept, and the rest inside: who asks in vain is soon kept out."""
    limits, who = Limits(), caller(2, 3)
    assert limits.allow(who, now=0.0) == 0
    assert limits.allow(who, now=0.0) == 0
    assert limits.allow(who, cost, paid=1, now=0.0) == 1.0
    assert limits.allow(who, now=0.0) == 0
    assert limits.allow(who, cost, paid=1, now=0.0) == 1.5
    assert limits.allow(who, now=0.0) == 0.5
    assert limits.allow(who, now=1.5) == 0
    assert limits.allow(who, cost, paid=1, now=1.5) == 0
    assert limits.allow(who, now=1.5) == pytest.approx((1 + cost - 3) / 2)


def test_workers_share() -> None:
    workers = [Limits(workers=4) for _ in range(4)]
    who = caller(40, 8)
    times = [step / 1_000 for step in range(10_001)]
    assert sum(each.allow(who, now=now) == 0 for now in times for each in workers) == 408
    with pytest.raises(ValueError, match="0 workers"):
        Limits(workers=0)


def test_buckets_that_are_full_are_let_go_of() -> None:
    """A hundred thousand keys one after the other; those that still wait are kept."""
    limits, slow = Limits(), caller(1e-3, 1, "slow")
    assert limits.allow(slow, now=0.0) == 0
    for number in range(100_000):
        assert limits.allow(caller(1e6, 2, f"k{number}"), now=number * 1e-4) == 0
        assert len(limits) <= 1_024
    assert limits.allow(slow, now=10.0) == pytest.approx(990)


def test_many_that_wait_are_all_kept() -> None:
    limits = Limits()
    assert all(limits.allow(caller(1, 1, f"k{number}"), now=0.0) == 0 for number in range(5_000))
    assert all(limits.allow(caller(1, 1, f"k{number}"), now=0.5) == 0.5 for number in range(5_000))


RATES = st.sampled_from([0.5, 1.0, 3.0, 10.0, 100.0])
BURSTS = st.sampled_from([1.0, 1.5, 2.0, 7.0])
STEPS = st.lists(st.integers(0, 3_000), min_size=1, max_size=60)
COSTS = st.lists(st.sampled_from([1.0, 1.01, 1.5, 2.0, 10.99]), min_size=60, max_size=60)


def oracle(rate: float, burst: float, times: list[float], costs: list[float]) -> list[bool]:
    """Say by exact fractions who passes."""
    tokens, last, passes = Fraction(burst), Fraction(times[0]), []
    for now, cost in zip(map(Fraction, times), map(Fraction, costs), strict=False):
        tokens, last = min(Fraction(burst), tokens + (now - last) * Fraction(rate)), now
        needed = min(cost, Fraction(burst)) - Fraction(rate) / 1_000_000
        passes.append(tokens >= needed)
        tokens -= cost if passes[-1] else 0
    return passes


@settings(derandomize=True, max_examples=300)
@given(RATES, BURSTS, STEPS, COSTS)
def test_it_is_what_exact_fractions_say(rate: float, burst: float, steps: list[int], costs: list[float]) -> None:
    times = [step / 1_024 for step in accumulate(steps)]
    limits, who = Limits(), caller(rate, burst)
    passes = [limits.allow(who, cost, now=now) == 0 for now, cost in zip(times, costs, strict=False)]
    assert passes == oracle(rate, burst, times, costs)


@settings(derandomize=True, max_examples=300)
@given(RATES, BURSTS, STEPS, COSTS)
def test_over_any_interval_at_most_the_burst_and_the_rate_pass(
    rate: float, burst: float, steps: list[int], costs: list[float]
) -> None:
    times = [3e5 + step / 1_000 for step in accumulate(steps)]
    limits, who = Limits(), caller(rate, burst)
    paid = [(now, cost) for now, cost in zip(times, costs, strict=False) if limits.allow(who, cost, now=now) == 0]
    most = max([burst, *costs])
    for first, (start, _) in enumerate(paid):
        for end in range(first + 1, len(paid) + 1):
            passed = sum(cost for _, cost in paid[first:end])
            assert passed <= most + rate * (paid[end - 1][0] - start + 2e-6)
