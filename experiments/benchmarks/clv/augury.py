"""Augury: customers are grouped, then fitted or reckoned with, then each given the number of their history."""

from collections.abc import Callable
from typing import Final

import numpy as np

from experiments.benchmarks.clv.data import TRUTH, Customers, Floats
from experiments.benchmarks.clv.works import HORIZON_WEEKS, MONTH_WEEKS, MONTHLY_RATE, MONTHS, Answer, Work, named
from models.buy_till_you_die.fit import fit
from models.buy_till_you_die.gamma_gamma import Amounts, GammaGamma
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.processes import PROCESSES

BGNBD: Final = PROCESSES["bgnbd"]


def purchases(process: str) -> Work:
    """Fit a process of purchases."""

    def prepared(customers: Customers) -> Callable[[], Answer]:
        return lambda: fit(PROCESSES[process], _histories(customers)).params

    return prepared


def gamma_gamma(customers: Customers) -> Callable[[], Answer]:
    """Fit Gamma-Gamma on those with a repeat purchase."""
    return lambda: fit(GammaGamma(), _amounts(customers).positive).params


def p_alive(customers: Customers) -> Callable[[], Answer]:
    """Give P(alive)."""
    return lambda: _each(customers, lambda seen: BGNBD.p_alive(TRUTH["bgnbd"], seen))


def expected(customers: Customers) -> Callable[[], Answer]:
    """Give the purchases expected within the horizon."""
    return lambda: _each(customers, lambda seen: BGNBD.expected_purchases(TRUTH["bgnbd"], seen, horizon=HORIZON_WEEKS))


def clv(customers: Customers) -> Callable[[], Answer]:
    """Give lifetime value, discounted month by month."""
    return lambda: _each(customers, _by_month) * _value(customers)


def clv_continuous(customers: Customers) -> Callable[[], Answer]:
    """Give lifetime value, each purchase discounted from when it comes."""
    rate, horizon = np.log1p(MONTHLY_RATE) / MONTH_WEEKS, MONTHS * MONTH_WEEKS
    return lambda: (
        _each(customers, lambda seen: BGNBD.discounted_purchases(TRUTH["bgnbd"], seen, horizon=horizon, rate=rate))
        * _value(customers)
    )


def _by_month(seen: Histories) -> Floats:
    ends = [
        BGNBD.expected_purchases(TRUTH["bgnbd"], seen, horizon=month * MONTH_WEEKS) for month in range(1, MONTHS + 1)
    ]
    discounts = (1 + MONTHLY_RATE) ** -np.arange(1.0, MONTHS + 1)
    return discounts @ np.diff(np.array(ends), axis=0, prepend=0.0)


def _value(customers: Customers) -> Floats:
    return GammaGamma().expected_value(TRUTH["gamma_gamma"], _amounts(customers))


def _each(customers: Customers, reckoned: Callable[[Histories], Floats]) -> Floats:
    seen = _histories(customers)
    return seen.spread(reckoned(seen))


def _histories(customers: Customers) -> Histories:
    return Histories.of(x=customers.x, t_x=customers.t_x, T=customers.T)


def _amounts(customers: Customers) -> Amounts:
    return Amounts.of(x=customers.x, m=customers.m)


WORKS: Final = named(purchases, gamma_gamma, p_alive, expected, clv, clv_continuous)
