"""Probability that a customer under contract is lost within the horizon (shifted beta-geometric)."""

from typing import ClassVar

from models.estimators import register
from models.renewing import RenewalModel
from models.retention.shifted_beta_geometric import ShiftedBetaGeometric as Lifetime


@register
class ShiftedBetaGeometric(RenewalModel):
    """sBG of Fader & Hardie (2007): each customer's probability to be lost at a renewal is their own and stays.

    `params_` are alpha and beta.
    """

    lifetime: ClassVar = Lifetime()
