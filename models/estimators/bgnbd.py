"""Expected purchases within the horizon, from past purchases alone (BG/NBD)."""

from typing import ClassVar

from models.buy_till_you_die.bgnbd import BgNbd
from models.estimators import register
from models.purchases import PurchaseModel


@register
class Bgnbd(PurchaseModel):
    """BG/NBD of Fader, Hardie & Lee (2005): predicts purchase days within `horizon_days`.

    `params_` are r, alpha (weeks), a and b.
    """

    process: ClassVar = BgNbd()
