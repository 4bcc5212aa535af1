"""Beta-discrete-Weibull: as the shifted beta-geometric, but a customer's own loyalty may grow or wane."""

from typing import ClassVar

import numpy as np
from scipy.special import betaln

from models.buy_till_you_die.beta_geometric import betaln_slopes
from models.buy_till_you_die.histories import Floats
from models.buy_till_you_die.process import Parameter, Params
from models.retention.lifetime import ContractLifetime


class BetaDiscreteWeibull(ContractLifetime):
    """BdW of Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to project customer retention" revisited.

    gamma and delta are of the beta of θ, and a customer survives t renewals with probability (1 − θ)^(t^c): with c
    above 1 they are lost the sooner the longer they have been there, below 1 the later, and 1 is the shifted
    beta-geometric. `expected_renewals` is a sum: there is no closed form.
    """

    title: ClassVar[str] = "Beta-discrete-Weibull"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("gamma", 1.0),
        Parameter("delta", 4.0),
        Parameter("c", 1.0),
    )

    def log_survivor(self, params: Params, renewals: Floats) -> tuple[Floats, Floats]:
        """Give log B(γ, δ + t^c) − log B(γ, δ), and its slopes (3 × n)."""
        gamma, delta, c = (params[each.name] for each in self.parameters)
        power = renewals**c
        value = np.asarray(betaln(gamma, delta + power) - betaln(gamma, delta), dtype=np.float64)
        of_gamma, of_delta = betaln_slopes(gamma, delta + power)
        of_c = of_delta * power * np.log(np.where(renewals > 0, renewals, 1.0))
        slopes = np.stack([of_gamma, of_delta]) - betaln_slopes(gamma, delta).reshape(2, -1)
        return value, np.vstack([slopes, of_c])
