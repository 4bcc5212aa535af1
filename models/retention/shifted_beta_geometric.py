"""Shifted beta-geometric: each customer is lost at every renewal with a probability of their own."""

from typing import ClassVar

import numpy as np
from scipy.special import betaln

from models.buy_till_you_die.beta_geometric import betaln_slopes, discounted_steps
from models.buy_till_you_die.histories import Floats
from models.buy_till_you_die.process import Parameter, Params, check_rate
from models.retention.lifetime import ContractLifetime


class ShiftedBetaGeometric(ContractLifetime):
    """sBG of Fader & Hardie (2007), How to project customer retention.

    alpha and beta are of the beta of the probability to be lost at a renewal. A customer's own does not change; that
    retention rises with tenure comes of who is left.
    """

    title: ClassVar[str] = "Shifted beta-geometric"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("alpha", 1.0), Parameter("beta", 4.0))

    def log_survivor(self, params: Params, renewals: Floats) -> tuple[Floats, Floats]:
        """Give log B(α, β + t) − log B(α, β), eq. 6 of the paper, and its slopes (2 × n)."""
        alpha, beta = params["alpha"], params["beta"]
        value = np.asarray(betaln(alpha, beta + renewals) - betaln(alpha, beta), dtype=np.float64)
        return value, betaln_slopes(alpha, beta + renewals) - betaln_slopes(alpha, beta).reshape(2, -1)

    def expected_renewals(
        self, params: Params, survived: Floats, *, horizon: float = np.inf, rate: float = 0.0
    ) -> Floats:
        """Give eq. 8 of Fader & Hardie (2010), its hypergeometric function as a continued fraction, else a sum.

        Without a rate and a horizon it is (β + t) / (α − 1). Raises `ValueError` where that is infinite (α ≤ 1).
        """
        check_rate(rate)
        alpha = params["alpha"] + np.zeros_like(survived)
        steps = discounted_steps(alpha, params["beta"] + survived, horizon=horizon, rate=rate)
        return np.asarray(np.exp(rate) * steps)
