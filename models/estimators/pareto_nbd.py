"""Expected purchases within the horizon, from past purchases alone (Pareto/NBD)."""

from typing import ClassVar

from models.buy_till_you_die.pareto_nbd import ParetoNbd as Process
from models.estimators import register
from models.purchases import PurchaseModel


@register
class ParetoNbd(PurchaseModel):
    """Pareto/NBD of Schmittlein, Morrison & Colombo (1987): predicts purchase days within `horizon_days`.

    `params_` are r, alpha (weeks), s and beta (weeks).
    """

    process: ClassVar = Process()
