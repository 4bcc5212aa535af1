"""A shop that never was: two years of 2,000 customers, whose true rates, lifetimes and treatment effects are known."""

from features.datasets import dataset
from features.datasets.simulator import simulate
from features.engine.door import admit
from features.history import History


@dataset
def simulated() -> History:
    """The simulator's default; call `simulate` for other sizes, seeds and for the ground truth."""
    return admit("simulated", dict(simulate().tables))
