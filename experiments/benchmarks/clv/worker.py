"""One system doing one piece of work in this process, measured: what it cost and what it found, as a line of JSON.

Customers are read and put into the form that the system wants before anything is measured; memory is told above what is
held then. A few customers come first: what a process loads but once is told apart as `first_cpu_s`. Work that is soon
done is done again, at most `RUNS` times; the cheapest counts, and the highest peak.
"""

import gc
import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.clv.data import TRUTH, load
from experiments.benchmarks.clv.works import Answer
from experiments.benchmarks.measure import measured

FEW, RUNS, ENOUGH_S, SAMPLE = 2000, 3, 10.0, 500

Told = dict[str, Any]


def main(asked: Told) -> Told:
    """Do the work on a few customers, then on all that are asked for."""
    work = import_module(f"experiments.benchmarks.clv.{asked['module']}").WORKS[asked["work"]]
    customers = load(Path(asked["folder"]), asked["customers"], unit=asked["unit"])
    _, first = measured(work(customers.first(FEW)))
    answer, cost = cheapest(work(customers), runs=asked.get("runs", RUNS))
    told = {**cost, "first_cpu_s": first["cpu_s"]}
    if isinstance(answer, np.ndarray):
        return {**told, **digest(answer)}
    from experiments.benchmarks.clv.yardstick import log_likelihood  # lifetimes, and nobody else's memory

    params = {name: answer[name] for name in TRUTH[asked["work"]]}
    found = log_likelihood(asked["work"], params, customers)
    return {**told, "params": params, "log_likelihood": found}


def cheapest(work: Callable[[], Answer], *, runs: int = RUNS) -> tuple[Answer, Told]:
    """Do the work until seconds enough have gone by, at most so often: its last answer and its cost."""
    gc.collect()
    _, idle = measured(lambda: None)
    costs: list[dict[str, float]] = []
    while not costs or (len(costs) < runs and sum(each["wall_s"] for each in costs) < ENOUGH_S):
        answer: Answer = {}  # the last one's is not held while the next is made
        answer, cost = measured(work)
        costs.append(cost)
    peak = max(each["peak_mb"] for each in costs)
    best = min(costs, key=lambda each: each["cpu_s"])
    told = {**best, "peak_mb": peak, "loaded_mb": idle["peak_mb"], "above_mb": peak - idle["peak_mb"]}
    return answer, {**told, "cpu_of_runs": [each["cpu_s"] for each in costs]}


def digest(values: "np.ndarray[Any, Any]") -> Told:
    """Give how many numbers there are, how many of them are none, their mean, and some of them."""
    numbers = np.isfinite(values)
    chosen = values[:: max(1, len(values) // SAMPLE)]
    told = {"numbers": len(values), "nulls": int((~numbers).sum()), "mean": float(values[numbers].mean())}
    return {**told, "sample": [float(each) if np.isfinite(each) else None for each in chosen]}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
