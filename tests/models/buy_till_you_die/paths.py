"""What BG/BB customers do: all that they can at a few opportunities, path by path, in mpmath, and many drawn."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mpmath as mp
import numpy as np

from models.buy_till_you_die.bgbb import Opportunities

NAMES = ("alpha", "beta", "gamma", "delta")
Params = dict[str, float]
DONORS: Params = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
PARAMS = [
    DONORS,
    {"alpha": 0.05, "beta": 3.0, "gamma": 1.0, "delta": 1.0},
    {"alpha": 7.0, "beta": 0.4, "gamma": 2.5, "delta": 0.3},
]
PAST, AHEAD = 4, 3


@dataclass(frozen=True)
class Path:
    """What a customer does at each opportunity, at how many of them they are there, and how likely that is."""

    buys: tuple[int, ...]
    there: int
    chance: mp.mpf

    @property
    def history(self) -> tuple[int, int]:
        """x and t_x of the first opportunities."""
        past = self.buys[:PAST]
        return sum(past), max((place + 1 for place, bought in enumerate(past) if bought), default=0)


def paths(params: Params, steps: int) -> Iterator[Path]:
    """Give every path: there for a number of opportunities, buying or not at each, then gone for good."""
    alpha, beta, gamma, delta = (mp.mpf(params[name]) for name in NAMES)
    for there in range(steps + 1):
        leaves = 1 if there < steps else 0
        stays = mp.beta(gamma + leaves, delta + there) / mp.beta(gamma, delta)
        for buys in itertools.product((0, 1), repeat=there):
            bought = mp.beta(alpha + sum(buys), beta + there - sum(buys)) / mp.beta(alpha, beta)
            yield Path((*buys, *[0] * (steps - there)), there, stays * bought)


def given(params: Params, told: Callable[[Path], float]) -> dict[tuple[int, int], float]:
    """Average over the paths of each history of the first opportunities."""
    sums: dict[tuple[int, int], list[mp.mpf]] = {}
    for path in paths(params, PAST + AHEAD):
        found = sums.setdefault(path.history, [mp.mpf(0), mp.mpf(0)])
        found[0] += path.chance
        found[1] += path.chance * told(path)
    return {history: float(total / chance) for history, (chance, total) in sorted(sums.items())}


def histories(params: Params) -> Opportunities:
    """Give every history of the first opportunities, in the order of `given`."""
    x, t_x = zip(*given(params, lambda path: 1.0), strict=True)
    return Opportunities.of(x=x, t_x=t_x, T=[PAST] * len(x))


def ahead(path: Path) -> tuple[int, ...]:
    return path.buys[PAST:]


def there_for(steps: int, path: Path) -> float:
    return float(path.there >= steps)


def buys_just(count: int, path: Path) -> float:
    return float(sum(ahead(path)) == count)


def drawn(params: Params, customers: int, steps: int) -> Opportunities:
    """Draw customers, one opportunity after another."""
    rng = np.random.default_rng(7)
    p, theta = (
        rng.beta(params["alpha"], params["beta"], customers),
        rng.beta(params["gamma"], params["delta"], customers),
    )
    alive, x, t_x = np.ones(customers, dtype=bool), np.zeros(customers), np.zeros(customers)
    for step in range(1, steps + 1):
        alive &= rng.random(customers) >= theta
        bought = alive & (rng.random(customers) < p)
        x, t_x = x + bought, np.where(bought, step, t_x)
    return Opportunities.of(x=x, t_x=t_x, T=np.full(customers, steps))
