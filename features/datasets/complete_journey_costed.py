"""Complete Journey with the costs of a grocer, which are assumptions: `configs/costs/complete_journey.toml`."""

from configs.costs import read_costs
from features.datasets import dataset
from features.datasets.complete_journey import complete_journey
from features.engine.ledger.costed import costed
from features.history import History


@dataset
def complete_journey_costed() -> History:
    """Complete Journey, each line with its assumed product cost, card fee and part of the basket's cost at the till."""
    return costed(complete_journey(), read_costs("complete_journey"))
