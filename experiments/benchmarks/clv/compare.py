"""Ours beside the others': cost, memory, how likely what they found is, and how near to the truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.benchmarks.clv.cases import ALIKE, MEMORY, Case
from experiments.benchmarks.clv.data import TRUTH
from experiments.benchmarks.clv.systems import OURS, PEER, SUMMARY

Row = dict[str, Any]


def compared(case: Case, rows: Sequence[Row]) -> list[Row]:
    """Compare ours with each of the others of a case; what is promised is promised of `PEER`."""
    by_system = {row["system"]: row for row in rows if row["case"] == case.name}
    others = [system for system in by_system if system != OURS]
    return [_compared(case, by_system[OURS], by_system[system]) for system in others]


def _compared(case: Case, ours: Row, theirs: Row) -> Row:
    told: Row = {"case": case.name, "with": theirs["system"]}
    told["times"] = round(theirs["cpu_s"] / max(ours["cpu_s"], 1e-3), 1)
    told["memory"] = round(max(ours["above_mb"], 1) / max(theirs["above_mb"], 1), 3)
    told |= _fits(case, ours, theirs) if "params" in ours else _numbers(ours, theirs)
    if theirs["system"] != PEER:
        return told
    bars = {}
    if case.times is not None:
        told["bar"] = case.times
        bars = {"times": told["times"] >= case.times, "memory": told["memory"] <= MEMORY}
    if "log_likelihood" in told:
        bars["log_likelihood"] = told["log_likelihood"] >= -ALIKE
    return {**told, "held": bars}


def summed_up(rows: Sequence[Row]) -> Row:
    """Compare ours, alone and with the door that a history passes once, with lifetimes' summary of transactions."""
    ours, door, theirs = (next(row for row in rows if row["system"] == each) for each in SUMMARY)
    times = {"times": ours["cpu_s"], "times, door included": ours["cpu_s"] + door["cpu_s"]}
    told = {name: round(theirs["cpu_s"] / seconds, 1) for name, seconds in times.items()}
    memory = round(max(ours["peak_mb"], door["peak_mb"]) / theirs["peak_mb"], 3)
    return {"case": theirs["case"], "with": PEER, **told, "memory": memory}


def _fits(case: Case, ours: Row, theirs: Row) -> Row:
    """Say how much more likely ours is, and how far (relative, at most) both are from each other and from the truth."""
    truth = np.array(list(TRUTH[case.work].values()))
    one, other = (np.array(list(row["params"].values())) for row in (ours, theirs))
    return {
        "log_likelihood": round(ours["log_likelihood"] - theirs["log_likelihood"], 4),
        "apart": _most(one / other - 1),
        "off": {"ours": _most(one / truth - 1), "theirs": _most(other / truth - 1)},
    }


def _numbers(ours: Row, theirs: Row) -> Row:
    """Say how far (relative, at most of some customers) numbers are from each other, and how many are none."""
    one, other = (np.array(row["sample"], dtype=np.float64) for row in (ours, theirs))
    both = np.isfinite(one) & np.isfinite(other)
    apart = np.abs(one - other)[both] / np.maximum(np.abs(other[both]), 1e-12)
    nulls = {"ours": ours["nulls"], "theirs": theirs["nulls"]}
    return {"apart": _most(apart), "means apart": _most(np.array([ours["mean"] / theirs["mean"] - 1])), "nulls": nulls}


def _most(away: "np.ndarray[Any, Any]") -> float:
    return float(f"{np.abs(away).max():.3g}")
