"""One shop in this process: a model is chosen in each way, and meets the origin that nobody has seen."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import pandas as pd

from experiments.benchmarks.measure import measured
from experiments.benchmarks.selection.shop import Shop, shop
from experiments.benchmarks.selection.ways import FAMILY, Choice, Params, auc, by_judging, by_random_rows, met
from models.metrics import METRICS
from models.metrics.bootstrap import paired

Row = dict[str, Any]


def row(shop: Shop, *, seed: int, models: Params = FAMILY) -> Row:
    """Say what each way chose in a shop, what that promised, and what came."""
    choices = by_judging(shop, models=models, seed=seed)
    choices["random rows"] = by_random_rows(shop, models=models, seed=seed)
    scored = met(shop, models=models, seed=seed)
    found = {name: auc(scored["actual"], scored[name]) for name in models}
    parts = [*shop.origins.parts, shop.unseen]
    return {
        "population": shop.task.population.name,
        "seed": seed,
        "drift": shop.drift.told(),
        "rows": {"learned": len(shop.unseen.train.X), "unseen": len(scored)},
        "churned": {part.name: round(float(part.test.y.mean()), 3) for part in parts},
        "met": {name: round(value, 4) for name, value in found.items()},
        "ways": {way: outcome(choice, scored, found, seed=seed) for way, choice in choices.items()},
    }


def outcome(choice: Choice, scored: pd.DataFrame, found: Mapping[str, float], *, seed: int) -> Row:
    """Give a choice's regret (the AUC that the best model had, less that of the chosen one) and optimism (the AUC
    promised, less the one met); `low` and `high` are the regret's 95 % interval over customers.
    """
    best = max(found, key=lambda model: found[model])
    regret = paired(
        METRICS["roc_auc"],
        scored["actual"],
        scored[best],
        scored[choice.chosen],
        customers=scored["customer_id"],
        seed=seed,
    )
    told = {
        "promised": choice.promised,
        "met": found[choice.chosen],
        "regret": regret.difference,
        "low": regret.low,
        "high": regret.high,
        "optimism": choice.promised - found[choice.chosen],
    }
    rounded = {name: round(float(value), 4) for name, value in told.items()}
    aucs = {name: round(value, 4) for name, value in choice.aucs.items()}
    return {"chosen": choice.chosen, "best": best, **rounded, "aucs": aucs}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    made, cost = measured(lambda: row(shop(**asked), seed=asked["seed"]))
    print(json.dumps({**made, "cost": cost}))
