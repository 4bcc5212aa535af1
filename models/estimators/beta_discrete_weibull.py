"""Probability that a customer under contract is lost within the horizon (beta-discrete-Weibull)."""

from typing import ClassVar

from models.estimators import register
from models.renewing import RenewalModel
from models.retention.beta_discrete_weibull import BetaDiscreteWeibull as Lifetime


@register
class BetaDiscreteWeibull(RenewalModel):
    """BdW of Fader, Hardie, Liu, Davin & Steenburgh (2018): a customer's own loyalty may grow or wane with tenure.

    `params_` are gamma, delta and c, which is above 1 where customers tire of it.
    """

    lifetime: ClassVar = Lifetime()
