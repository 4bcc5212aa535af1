"""Intervals: against simulation of each customer one by one, alone and among many, and against what came."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
import pytest

from features.datasets.cdnow import cdnow
from features.datasets.complete_journey import complete_journey
from features.engine.run import outcome
from features.frame import frame
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.buy_till_you_die.bgnbd import BgNbd
from models.buy_till_you_die.fit import Fit, fit
from models.buy_till_you_die.gamma_gamma import Amounts, GammaGamma
from models.buy_till_you_die.histories import Floats, Histories
from models.buy_till_you_die.pareto_nbd import ParetoNbd
from models.buy_till_you_die.posterior import Outlook
from models.buy_till_you_die.processes import PROCESSES
from models.purchases import histories
from tests.models.buy_till_you_die.customers import seen

HORIZON = 39.0
NAMES = ("r", "alpha", "s", "beta")
ROWS = [
    (0, 0.0, 5.0),
    (0, 0.0, 39.0),
    (2, 30.0, 38.0),
    (7, 30.0, 38.0),
    (7, 5.0, 38.0),
    (26, 30.8, 31.0),
    (21, 60, 61.7),
]
SPENT = [3.0, 33.0, 12.0, 150.0, 33.0, 41.0, 5.0]
"""Mean amount of a purchase, of each of the rows."""


def made(params: Mapping[str, float], errors: list[float]) -> Fit:
    """Give a fit with those standard errors of the logarithms, the first two going together by half."""
    covariance = np.diag(np.square(errors))
    covariance[0, 1] = covariance[1, 0] = 0.5 * errors[0] * errors[1]
    return Fit(params, {}, 0.0, covariance.tolist(), 1.0, 0.0, 1)


PURCHASES = made(dict(zip(NAMES, (0.55, 10.6, 0.61, 11.7), strict=True)), [0.09, 0.08, 0.3, 0.5])
VALUE = made({"p": 6.25, "q": 3.74, "v": 15.4}, [0.19, 0.08, 0.27])
"""About what CDNOW's 2,357 customers tell, and the same for amounts."""


def outlook(pace_sd: float = 0.35) -> Outlook:
    return Outlook(ParetoNbd(), PURCHASES, VALUE, HORIZON, pace_sd=pace_sd)


def one_by_one(row: tuple[int, float, float], m: float, pace_sd: float, n: int = 200_000) -> tuple[Floats, Floats]:
    """Draw purchases and spend of one customer: parameters, alive, rates, how long they stay, purchases, amounts."""
    rng, (x, t_x, T) = np.random.default_rng(7), row
    r, alpha, s, beta = np.exp(
        rng.multivariate_normal(np.log(list(PURCHASES.params.values())), PURCHASES.covariance, n).T
    )
    p, q, v = np.exp(rng.multivariate_normal(np.log(list(VALUE.params.values())), VALUE.covariance, n).T)
    one = np.ones(n)
    chance = ParetoNbd().p_alive(
        {"r": r, "alpha": alpha, "s": s, "beta": beta}, Histories(x * one, t_x * one, T * one, one, np.arange(n))
    )
    stays = rng.exponential(1 / (rng.gamma(s) / (beta + T)).clip(1e-200))
    pace = np.exp(rng.normal(-(pace_sd**2) / 2, pace_sd, n)) if pace_sd else one
    counts = rng.poisson(rng.gamma(r + x) / (alpha + T) * np.minimum(stays, HORIZON * pace))
    counts = np.where(rng.random(n) < chance, counts, 0)
    rate = rng.gamma(p * (x + 1) + q) / (v + (x + 1) * m)
    return counts, np.where(counts > 0, rng.gamma(p * np.maximum(counts, 1)) / rate, 0)


@cache
def drawn(pace_sd: float) -> list[tuple[Floats, Floats]]:
    return [one_by_one(row, m, pace_sd) for row, m in zip(ROWS, SPENT, strict=True)]


@pytest.mark.parametrize("pace_sd", [0.0, 0.35])
def test_silence_is_that_of_customers_drawn_one_by_one(pace_sd: float) -> None:
    expected = [(counts == 0).mean() for counts, _ in drawn(pace_sd)]
    assert outlook(pace_sd).silent(seen(ROWS)) == pytest.approx(expected, abs=0.006)


def shares(values: Floats, low: float, high: float) -> tuple[float, float]:
    """Give the shares below the one bound and above the other."""
    return float((values < low).mean()), float((values > high).mean())


@pytest.mark.parametrize("pace_sd", [0.0, 0.35])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_bounds_leave_as_much_outside_as_they_say(pace_sd: float, level: float) -> None:
    """Of spend the tails are what they should be, to a percent; of counts as near as whole numbers let them."""
    tail = (1 - level) / 2
    amounts = Amounts.of(x=np.array([row[0] + 1 for row in ROWS]), m=SPENT)
    spend, counts = (
        outlook(pace_sd).values(seen(ROWS), amounts, level=level),
        outlook(pace_sd).counts(seen(ROWS), level=level),
    )
    for place, (bought, spent) in enumerate(drawn(pace_sd)):
        silent = (bought == 0).mean()
        below, above = shares(spent, spend[0][place], spend[1][place])
        assert (below == 0) if silent >= tail else abs(below - tail) < 0.01
        assert abs(above - (1 - silent)) < 1e-9 if silent >= 1 - tail else abs(above - tail) < 0.01
        for bound, wanted in zip((counts[0][place], counts[1][place]), (tail, 1 - tail), strict=True):
            assert (bought < bound).mean() - 0.015 <= wanted <= (bought <= bound).mean() + 0.015


def test_bounds_nest_and_stretch_with_what_is_spent() -> None:
    look, amounts = outlook(), Amounts.of(x=np.array([row[0] + 1 for row in ROWS]), m=SPENT)
    tight, wide = look.values(seen(ROWS), amounts, level=0.5), look.values(seen(ROWS), amounts, level=0.9)
    assert (wide[0] <= tight[0]).all()
    assert (tight[0] <= tight[1]).all()
    assert (tight[1] <= wide[1]).all()
    for m in (0.0, 1e9):  # then v is all of v + x m, or nothing
        low, high = look.values(seen(ROWS), Amounts.of(x=amounts.x, m=np.full(len(ROWS), m)))
        assert (high > low).any()
        assert np.isfinite(high).all()
    assert (
        look.values(seen(ROWS), Amounts.of(x=amounts.x, m=-amounts.m))[1].tolist()
        == look.values(seen(ROWS), Amounts.of(x=amounts.x, m=0 * amounts.m))[1].tolist()
    )


def test_a_customer_alone_gets_what_they_get_among_many_and_later() -> None:
    amounts = Amounts.of(x=np.array([row[0] + 1 for row in ROWS]), m=SPENT)
    look = outlook()
    together, counts = look.values(seen(ROWS), amounts), look.counts(seen(ROWS))
    for place, row in enumerate(ROWS):
        own = Amounts.of(x=[row[0] + 1], m=[SPENT[place]])
        for fresh in (look, outlook()):
            assert [bound[0] for bound in fresh.values(seen([row]), own)] == [bound[place] for bound in together]
            assert [bound[0] for bound in fresh.counts(seen([row]))] == [bound[place] for bound in counts]


@pytest.mark.parametrize("process", list(PROCESSES))
def test_odd_histories_have_bounds_that_are_numbers(process: str) -> None:
    rows = [
        (0, 0.0, 0.0),
        (0, 0.0, 1500.0),
        (1, 0.01, 1500.0),
        (1500, 1500.0, 1500.0),
        (1500, 1.0, 1.0),
        (300, 20, 1500),
    ]
    params = {each.name: each.start * (30 if each.measured else 1) for each in PROCESSES[process].parameters}
    fitted = made(params, [0.1] * len(params))
    look = Outlook(PROCESSES[process], fitted, VALUE, 520.0)
    low, high = look.values(seen(rows), Amounts.of(x=[row[0] + 1 for row in rows], m=[20.0] * len(rows)))
    assert np.isfinite([low, high]).all()
    assert (low >= 0).all()
    assert (low <= high).all()


def windows(history: History, cutoff: str, days: int) -> pd.DataFrame:
    """Give all customers' histories at a cutoff, with purchase days and spend of the days after."""
    X = frame(history, [pd.Timestamp(cutoff)], population=POPULATIONS["known"], features=chosen(["rfm"]))
    later = outcome(
        history, X[["customer_id", "cutoff"]], [TARGETS["orders"], TARGETS["future_spend"]], horizon_days=days
    )
    return X.assign(bought=later["orders"], spent=later["future_spend"])


@cache
def of(name: str) -> pd.DataFrame:
    """The two hold-outs by which intervals are judged."""
    if name == "cdnow":
        return windows(cdnow(), "1997-10-01", 273)
    return windows(complete_journey(), "2017-07-01", 182)


@pytest.mark.parametrize("name", ["cdnow", "complete_journey"])
@pytest.mark.parametrize("process", ["bgnbd", "pareto_nbd"])
def test_ninety_percent_intervals_hold_88_to_96_percent_of_what_came(name: str, process: str) -> None:
    X = of(name)
    found, amounts = histories(X), Amounts.of(x=X["frequency"] + 1, m=X["mean_day_spend"])
    value = fit(GammaGamma(), amounts.positive)
    look = Outlook(PROCESSES[process], fit(PROCESSES[process], found), value, 39 if name == "cdnow" else 26)
    for actual, (low, high) in (
        (X["bought"], tuple(map(found.spread, look.counts(found)))),
        (X["spent"], look.values(found, amounts)),
    ):
        assert 0.88 <= ((low <= actual) & (actual <= high)).mean() <= 0.96


def test_what_is_next_to_the_fit_is_taken_at_it() -> None:
    """A fit that is sure: to a hundred-millionth it is silent as without doubt, but for the pace."""
    sure = made(PURCHASES.params, [1e-4] * 4)
    look = Outlook(ParetoNbd(), sure, VALUE, HORIZON, pace_sd=0.0)
    assert look.silent(seen(ROWS)) == pytest.approx(
        ParetoNbd().p_silent(sure.params, seen(ROWS), horizon=HORIZON), abs=1e-9
    )


def test_a_fixed_pace_would_claim_too_much_of_those_who_buy_each_week() -> None:
    """What `PACE_SD` is for: without it a fifth of Complete Journey lies outside."""
    X = of("complete_journey")
    found, amounts = histories(X), Amounts.of(x=X["frequency"] + 1, m=X["mean_day_spend"])
    look = Outlook(ParetoNbd(), fit(ParetoNbd(), found), fit(GammaGamma(), amounts.positive), 26, pace_sd=0.0)
    low, high = map(found.spread, look.counts(found))
    assert ((low <= X["bought"]) & (X["bought"] <= high)).mean() < 0.82


def test_another_process_another_outlook() -> None:
    """Both agree on who buys often; BG/NBD takes who bought once for alive."""
    params = dict(zip(("r", "alpha", "a", "b"), (0.243, 4.41, 0.793, 2.43), strict=True))
    bg = Outlook(BgNbd(), made(params, [0.05, 0.09, 0.23, 0.29]), VALUE, HORIZON)
    assert bg.silent(seen(ROWS))[1] != pytest.approx(outlook().silent(seen(ROWS))[1], abs=0.02)
    assert bg.counts(seen(ROWS))[1][5] == pytest.approx(outlook().counts(seen(ROWS))[1][5], rel=0.15)


def test_what_is_hardly_known_of_amounts_gives_wide_bounds_and_no_nulls() -> None:
    """Without a prior p may be known to a factor of e^20 alone: drawn rates are then 0, and infinite."""
    unsure = made({"p": 248.0, "q": 3.74, "v": 15.4}, [20.0, 0.08, 20.0])
    wide = Outlook(ParetoNbd(), PURCHASES, unsure, HORIZON)
    amounts = Amounts.of(x=[x + 1 for x, _, _ in ROWS], m=SPENT)
    low, high = wide.values(seen(ROWS), amounts)
    assert not np.isnan(low).any()
    assert not np.isnan(high).any()
    assert (low <= high).all()
