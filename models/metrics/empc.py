"""What a retention campaign could earn at most with a model's ranking."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression
from scipy.special import betaincc

from models.metrics.inputs import check_binary, numbers
from models.metrics.registry import metric
from models.metrics.ties import cuts


@dataclass(frozen=True)
class Maximum:
    """The highest profit to be expected, in money for each customer there is, and the share of them to contact."""

    profit: float
    share: float


def maximum_profit(
    actual: ArrayLike,
    predicted: ArrayLike,
    *,
    alpha: float = 6.0,
    beta: float = 14.0,
    clv: float = 200.0,
    offer: float = 10.0,
    contact: float = 1.0,
) -> Maximum:
    """Expected maximum profit of a retention campaign, EMPC, and the share of customers to contact for it.

    Verbraken, Verbeke & Baesens (2013), "A novel profit maximizing metric for measuring classification performance of
    customer churn prediction models", IEEE TKDE 25(5), whose values the defaults are: contacting costs `contact`; a
    churner takes the offer with chance γ ~ Beta(`alpha`, `beta`) and is then kept, worth `clv` less the `offer`; all
    others take the offer too. For each γ as many are contacted as earns most.

    Closed form: the best cuts are the corners of the ROC curve's convex hull, whose edges are the blocks of the
    isotonic regression of outcome on score (Fawcett & Niculescu-Mizil 2007, Machine Learning 68). A block with a
    share r of 1s pays from γ₀ = ((1 − r)·offer + contact) / (r·(clv − offer)) on, so it earns
    ∫ from γ₀ to 1 of (r·γ·(clv − offer) − (1 − r)·offer − contact) dBeta(γ) for each of its rows.

    `ValueError` as for any metric of a binary target; unless `alpha` and `beta` are positive, costs not negative,
    and `clv` above `offer`.
    """
    if not (min(alpha, beta) > 0 and min(offer, contact) >= 0 and clv > offer):
        raise ValueError(
            f"a campaign needs alpha, beta > 0, offer, contact ≥ 0 and clv > offer; got alpha {alpha}, beta {beta}, "
            f"clv {clv}, offer {offer}, contact {contact}"
        )
    actual, predicted = numbers(actual, predicted)
    check_binary(actual)
    rate, share = _blocks(actual, predicted)
    kept, cost = rate * (clv - offer), (1 - rate) * offer + contact
    pays = np.ones_like(rate)  # where nobody can be kept it takes a γ above 1, which none is
    np.divide(cost, kept, out=pays, where=kept > cost)
    contacted = betaincc(alpha, beta, pays)
    earned = kept * alpha / (alpha + beta) * betaincc(alpha + 1, beta, pays) - cost * contacted
    return Maximum(float(share @ earned), float(share @ contacted))


@metric(kinds=("binary",), better="higher")
def empc(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Expected maximum profit of a retention campaign for each customer, at the costs of its paper.

    See `maximum_profit`. Unit: money, where a kept customer is worth 200, the offer costs 10 and contacting 1. The
    ranks alone matter. It grows with the share of 1s, so it compares models on the same rows and not rows.
    """
    return maximum_profit(actual, predicted).profit


def _blocks(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Give the share of 1s on each edge of the ROC curve's convex hull, and the share of all rows that lie on it."""
    rows, ones = cuts(actual, predicted)
    size = np.diff(rows, prepend=0.0)
    fitted = isotonic_regression(np.diff(ones, prepend=0.0) / size, weights=size, increasing=False)
    return fitted.x[fitted.blocks[:-1]], fitted.weights / len(actual)
