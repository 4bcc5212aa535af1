"""Expected purchases within the horizon, from past purchases alone (MBG/NBD)."""

from typing import ClassVar

from models.buy_till_you_die.bgnbd import MbgNbd
from models.estimators import register
from models.purchases import PurchaseModel


@register
class Mbgnbd(PurchaseModel):
    """MBG/NBD of Batislam, Denizel & Filiztekin (2007): predicts purchase days within `horizon_days`.

    Unlike BG/NBD, customers may be gone right after their first purchase. `params_` are r, alpha (weeks), a and b.
    """

    process: ClassVar = MbgNbd()
