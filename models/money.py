"""What contacting customers brings: the profit of a campaign, how many to contact, and what it then earned.

All money is in one currency, that of the data; all arrays hold one value a customer (a row).
"""

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.metrics.inputs import check_binary, check_probability, numbers
from models.metrics.ties import cuts

Values = NDArray[np.float64]
POINTS: Final = 200
"""A curve has at most this many points."""


@dataclass(frozen=True)
class Campaign:
    """What a campaign costs and can bring.

    Everybody contacted costs `contact_cost`. Of those with the outcome 1 (would-be churners) the share `acceptance`
    takes the offer and stays: each is worth `value` and costs `offer_cost`. Of all others the share `others` takes
    the offer, at the same cost, and would have stayed anyway. With `others` at 1 this is Neslin, Gupta, Kamakura, Lu
    & Mason (2006), "Defection detection", Journal of Marketing Research 43, as it stands in Verbraken, Verbeke &
    Baesens (2013), IEEE TKDE 25(5). `ValueError` for costs below 0, shares outside [0, 1] and what is not finite.
    """

    contact_cost: float
    offer_cost: float
    acceptance: float
    value: float
    others: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no campaign has."""
        spans = {"contact_cost": np.inf, "offer_cost": np.inf, "acceptance": 1.0, "others": 1.0}
        for each in fields(self):
            given, most = getattr(self, each.name), spans.get(each.name)
            if not np.isfinite(given) or (most is not None and not 0 <= given <= most):
                span = "finite" if most is None else f"finite and between 0 and {most:g}"
                raise ValueError(f"a campaign's {each.name} must be {span}; got {given}")

    @classmethod
    def wins(cls, *, contact_cost: float, offer_cost: float, value: float) -> Self:
        """Make a campaign that wins something: its outcome 1 is a purchase or an answer, worth `value` (the margin).

        The offer costs only where it is taken up, so a contact brings p · (value − offer_cost) − contact_cost. p must
        be learned from customers who were contacted.
        """
        return cls(contact_cost=contact_cost, offer_cost=offer_cost, acceptance=1.0, value=value, others=0.0)


@dataclass(frozen=True)
class Cut:
    """The best customers contacted: how many, which share of all, and the money for all of them together.

    `expected` is the profit that the predictions promise, `spent` the costs they foresee, and `realised` the profit
    that the outcomes left.
    """

    contacted: int
    share: float
    expected: float
    realised: float
    spent: float


def gain(probability: ArrayLike, *, campaign: Campaign, value: ArrayLike | None = None) -> Values:
    """Give the profit to be expected from contacting each customer; outcomes (0 or 1) in place of probabilities give
    what it then earned, but for who took the offer, which stays an expectation.

    p · acceptance · (value − offer_cost) − (1 − p) · others · offer_cost − contact_cost. `value` holds what each
    customer is worth (CLV or margin) in place of the campaign's. `ValueError` for a probability outside [0, 1], and
    for a value that is missing or not finite.
    """
    p, worth = _columns(probability, campaign, value)
    kept = p * campaign.acceptance * (worth - campaign.offer_cost)
    return kept - (1 - p) * campaign.others * campaign.offer_cost - campaign.contact_cost


def profit_curve(
    actual: ArrayLike, predicted: ArrayLike, *, campaign: Campaign, value: ArrayLike | None = None
) -> pd.DataFrame:
    """Follow a campaign from nobody to everybody, best expected gain first.

    Columns: contacted (customers), share (of all), expected (profit by the predictions), realised (profit by the
    outcomes), found (share of all 1s among the contacted) and lift (of the rate of 1s among them over that of all).
    Customers of equal expected gain share what happened to them (the mean over every order), so the row order does
    not matter. At most `POINTS` points, among them the best cut; found and lift are NaN if there is no 1, lift also
    for nobody. `ValueError` unless actual is 0 or 1, predicted a probability, and as for `gain`.
    """
    told = _ranked(actual, predicted, campaign=campaign, value=value)
    rows = len(told) - 1
    points = np.unique(np.append(np.linspace(0, rows, min(POINTS - 1, rows + 1)).round().astype(int), _best(told)))
    curve = told.loc[points].drop(columns=["gain", "spent"])
    ones = told["found"].iloc[-1]
    curve["found"] = curve["found"] / ones if ones else np.nan
    curve["lift"] = (curve["found"] / curve["share"]).where(curve["contacted"] > 0)
    return curve.reset_index(drop=True)


def best_cut(actual: ArrayLike, predicted: ArrayLike, *, campaign: Campaign, value: ArrayLike | None = None) -> Cut:
    """Contact all whose expected gain is above 0: the highest expected profit, and what it then realised.

    The cut is known before the outcomes are. Nobody is contacted where nobody pays.
    """
    told = _ranked(actual, predicted, campaign=campaign, value=value)
    return _cut(told, _best(told))


def at_budget(
    actual: ArrayLike,
    predicted: ArrayLike,
    *,
    campaign: Campaign,
    customers: int | None = None,
    money: float | None = None,
    value: ArrayLike | None = None,
) -> Cut:
    """Contact the best whom a budget allows, and no more than `best_cut` would.

    `customers` is how many may be contacted, `money` what contacts and offers together may be expected to cost. They
    are taken by expected gain, up to the first whom the money does not reach. `ValueError` unless one of the two is
    given, and for one below 0.
    """
    limits = [each for each in (customers, money) if each is not None]
    if not limits or not min(limits) >= 0:
        raise ValueError(f"a budget is a number of customers or money, from 0 on; got {customers} and {money}")
    told = _ranked(actual, predicted, campaign=campaign, value=value)
    reached = [_best(told), *([] if customers is None else [customers])]
    if money is not None:
        reached.append(int(np.searchsorted(told["spent"], money * (1 + 1e-12), side="right")) - 1)
    return _cut(told, min(reached))


def gains(actual: ArrayLike, predicted: ArrayLike, *, parts: int = 10) -> pd.DataFrame:
    """Cut the rows into parts of equal size, best scored first, and tell what each holds.

    Columns: part (1 is the best), share (of rows, up to and with it), rate (of 1s in it), lift (that rate over that
    of all rows), found (share of all 1s, up to and with it) and lift_so_far (found over share). Rows of equal score
    share their mean outcome. lift and found are NaN if there is no 1. `ValueError` unless actual is 0 or 1 and there
    is at least one part.
    """
    if parts < 1:
        raise ValueError(f"gains need at least one part; got {parts}")
    actual, predicted = numbers(actual, predicted)
    check_binary(actual)
    rows, ones = cuts(actual, predicted)
    share = np.arange(1, parts + 1) / parts
    counted = np.interp(share * len(actual), np.append(0, rows), np.append(0, ones))
    rate = np.diff(counted, prepend=0) * parts / len(actual)
    total = ones[-1] or np.nan
    found = counted / total
    columns = {"rate": rate, "lift": rate * len(actual) / total, "found": found, "lift_so_far": found / share}
    return pd.DataFrame({"part": np.arange(1, parts + 1), "share": share, **columns})


def _ranked(actual: ArrayLike, predicted: ArrayLike, *, campaign: Campaign, value: ArrayLike | None) -> pd.DataFrame:
    """Give what contacting the best 0, 1, … customers amounts to, and the gain of the last of them (NaN for none)."""
    actual, predicted = numbers(actual, predicted)
    check_binary(actual)
    expected = gain(predicted, campaign=campaign, value=value)
    realised = gain(actual, campaign=campaign, value=value)
    takers = predicted * campaign.acceptance + (1 - predicted) * campaign.others
    spent = campaign.contact_cost + takers * campaign.offer_cost
    order = np.lexsort((actual, realised, spent, expected))[::-1]
    of_each = pd.DataFrame({"expected": expected, "realised": realised, "found": actual, "spent": spent}).iloc[order]
    even = of_each.groupby(expected[order]).transform("mean")
    told = pd.concat([pd.DataFrame(0.0, index=[0], columns=even.columns), even], ignore_index=True).cumsum()
    contacted = np.arange(len(told))
    told.insert(0, "contacted", contacted)
    told.insert(1, "share", contacted / (len(told) - 1))
    return told.assign(gain=np.append(np.nan, expected[order]))


def _best(told: pd.DataFrame) -> int:
    return int((told["gain"] > 0).sum())


def _cut(told: pd.DataFrame, contacted: int) -> Cut:
    share, expected, realised, spent = told[["share", "expected", "realised", "spent"]].to_numpy()[contacted].tolist()
    return Cut(contacted, share, expected, realised, spent)


def _columns(probability: ArrayLike, campaign: Campaign, value: ArrayLike | None) -> tuple[Values, Values]:
    p = np.asarray(probability, dtype=np.float64)
    worth = np.full(p.shape, campaign.value) if value is None else np.asarray(value, dtype=np.float64)
    for name, column in {"probability": p, "value": worth}.items():
        if column.ndim != 1 or len(column) != p.size:
            raise ValueError(
                f"{name} has the shape {column.shape}, and there are {p.size} customers; give one for each"
            )
        wrong = np.flatnonzero(~np.isfinite(column))
        if wrong.size:
            raise ValueError(f"{name} has {wrong.size} values that are not finite, the first in row {wrong[0]}")
    check_probability(p)
    return p, worth
