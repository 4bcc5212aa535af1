"""The walk: a shop a seed and population, each in a process of its own, and what that says of the ways to choose."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from experiments.benchmarks.record import fresh
from experiments.progress import steps

WORKER: Final = "experiments.benchmarks.selection.worker"
REGRET, SHARE, WAY = 0.002, 0.8, "rolling origins"
"""What is promised: a regret of no more than this, in this share of the seeds, if chosen in this way."""

Row = dict[str, Any]


def run(seeds: Sequence[int], *, populations: Sequence[str], size: Mapping[str, int]) -> Row:
    """Choose in every way in every shop; `size` is that of a shop: customers, days and origins."""
    asked = [{"seed": seed, "population": each, **size} for each in populations for seed in seeds]
    rows = []
    with steps("benchmark selection", len(asked)) as step:
        for each in asked:
            step(f"{each['population']}, seed {each['seed']}")
            rows.append(fresh(WORKER, each, python=Path(sys.executable)))
    return {**size, "promise": promise(rows), "ways": ways(rows), "rows": rows}


def ways(rows: Sequence[Row]) -> list[Row]:
    """Sum up each way in each population: mean and worst regret, in how many seeds it was within the bar, optimism."""
    found = []
    for population in dict.fromkeys(row["population"] for row in rows):
        here = [row["ways"] for row in rows if row["population"] == population]
        for way in here[0]:
            outcomes = [each[way] for each in here]
            found.append({"population": population, "way": way, **_summed(outcomes)})
    return found


def promise(rows: Sequence[Row]) -> Row:
    """Say whether the promise was kept, population by population."""
    told = [each for each in ways(rows) if each["way"] == WAY]
    kept = {each["population"]: each["within"] >= SHARE * each["seeds"] for each in told}
    return {"way": WAY, "regret": REGRET, "share": SHARE, "kept": kept}


def _summed(outcomes: Sequence[Row]) -> Row:
    regrets = [each["regret"] for each in outcomes]
    optimism = [each["optimism"] for each in outcomes]
    chosen = [each["chosen"] for each in outcomes]
    return {
        "seeds": len(outcomes),
        "within": sum(regret <= REGRET for regret in regrets),
        "regret": round(sum(regrets) / len(regrets), 5),
        "worst": max(regrets),
        "beyond chance": sum(each["low"] > 0 for each in outcomes),
        "optimism": round(sum(optimism) / len(optimism), 5),
        "optimism off": round(sum(map(abs, optimism)) / len(optimism), 5),
        "chosen": {model: chosen.count(model) for model in sorted(set(chosen))},
    }
