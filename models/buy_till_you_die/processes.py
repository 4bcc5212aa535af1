"""The processes of purchases by name."""

from typing import Final

from configs.registry import Registry
from models.buy_till_you_die.bgnbd import BgNbd, MbgNbd
from models.buy_till_you_die.pareto_nbd import ParetoNbd
from models.buy_till_you_die.process import Purchases

PROCESSES: Final[Registry[Purchases]] = Registry("process")
PROCESSES.add("bgnbd", BgNbd())
PROCESSES.add("mbgnbd", MbgNbd())
PROCESSES.add("pareto_nbd", ParetoNbd())
