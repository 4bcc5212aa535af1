"""Records of back-tests made by hand, in the shape that `training.record` gives; their numbers are all different."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from tests.lifetime_records import lifetime

Record = dict[str, Any]

ORIGINS = ("2024-11-10", "2024-12-08", "2025-01-05")
BINARY = ("roc_auc", "pr_auc", "brier", "log_loss", "ece", "lift_at_10", "empc")
AMOUNT = ("normalised_gini", "aggregate_bias", "mae", "rmse")
SEGMENTS = ("silhouette", "smallest_share", "bootstrap_ari", "refit_ari")


def churn(parts: Sequence[str] = ORIGINS) -> Record:
    """Make a record of who leaves: three models, a campaign, a group, reasons."""
    levels = {"base_rate": 0.5, "rfm_logistic": 0.801, "boosted": 0.823}
    record = _record("churn", "binary", levels, parts, BINARY, champion="boosted", baseline="rfm_logistic")
    target = {"name": "churned", "meaning": "1 if there is no purchase within the horizon, else 0."}
    record["question"] |= {"target": target, "horizon_days": 28, "lead_days": 7}
    for number, found in enumerate(record["models"].values()):
        found["calibrations"] = {"none": 0.3111 + number / 100, "sigmoid": 0.2922 + number / 100}
        found["calibration"] = "sigmoid"
    record |= _drawn(parts, band=True)
    record["gains"] = [_gain(part) for part in (1, 2)]
    record["money"] = _money(parts[-1])
    record["fairness"] = {"column": "customers.age", "rows": [_group("all"), _group("19-24"), _small("65+")]}
    record["importance"] = [
        _weight("concept", "silence", "Silence", 0.614, movable=True),
        _weight("concept", "tenure", "Tenure", 0.386, movable=False),
        _weight("feature", "days_since_last", "Silence", 0.527, movable=True),
    ]
    record["examples"] = [_example(which, 0.9071 - number / 3) for number, which in enumerate(("highest", "middle"))]
    return record


def amount() -> Record:
    """Make a record of what is spent: no money, no fairness, no gains."""
    levels = {"base_rate": 0.01, "boosted": 0.641}
    record = _record("spend", "amount", levels, ORIGINS, AMOUNT, champion="boosted", baseline="base_rate")
    target = {"name": "future_spend", "meaning": "Amount of the purchases within the horizon. Unit: currency."}
    record["question"] |= {"target": target, "horizon_days": 91, "lead_days": 0}
    for part in (*record["parts"], record["learned"]):
        part["rate"] *= 100
    return record | _drawn(ORIGINS, band=False)


def value() -> Record:
    """Make a record of what is spent by a model in which customers buy by a process."""
    record = amount()
    record["lifetime"] = lifetime(ORIGINS)
    return record


def segments() -> Record:
    """Make a record of customers described: nothing is predicted."""
    record = _record("segments", "none", {"segments": 0.31}, ORIGINS, SEGMENTS, champion="segments", baseline=None)
    for found in record["models"].values():
        for metrics in found["metrics"].values():
            metrics["silhouette"] |= {"low": None, "high": None}
    told = "nothing is predicted, so nothing can be refuted"
    record["grade"] = {"letter": "B", "checks": [{"name": "outcome", "value": None, "letter": "B", "told": told}]}
    return record


def folds() -> Record:
    """Make a record of a table without dates, judged in folds; no campaign and no group were said."""
    record = churn(parts=("repeat 1", "repeat 2"))
    record["judged"] = "folds"
    record["question"] |= {"horizon_days": 0, "lead_days": 0}
    record["question"]["target"] = {"name": "customers.Churn=Yes", "meaning": "Whether Churn is 'Yes'. Unit: 0 or 1."}
    record["data"] |= {"end": None, "tables": ["customers"]}
    for part in (*record["parts"], record["learned"]):
        part |= {"cutoffs": 0, "from": None, "to": None}
    return record | {"money": None, "fairness": None, "trained_to": "2000-01-01"}


def _record(
    name: str,
    kind: str,
    levels: Mapping[str, float],
    parts: Sequence[str],
    metrics: Sequence[str],
    *,
    champion: str,
    baseline: str | None,
) -> Record:
    numbers = count()
    learned = [_learned(number) for number in range(len(parts))]
    return {
        **_said(name, kind, champion=champion, baseline=baseline),
        "parts": [
            {"name": part, **told, "test_rows": 2301 + number, "test_rate": 0.1481 + number / 100}
            for number, (part, told) in enumerate(zip(parts, learned, strict=True))
        ],
        "learned": learned[-1],
        "models": {
            model: _model({part: _metrics(metrics, level, numbers) for part in (*parts, "all")})
            for model, level in levels.items()
        },
        "grade": {
            "letter": "B",
            "checks": [{"name": "ranking", "value": 0.8123, "letter": "B", "told": "it is 0.823, hardly below 0.812"}],
        },
        **{name: [] for name in ("leaks", "importance", "examples")},
        **_made(),
    }


def _said(name: str, kind: str, *, champion: str, baseline: str | None) -> Record:
    return {
        "format": 1,
        "name": name,
        "title": f"A shop: {name}",
        "champion": champion,
        "baseline": baseline,
        "left_out": {},
        "data": _data(),
        "question": {
            "population": {"name": "active_84d", "meaning": "Customers with a purchase\n    within the window."},
            "target": None,
            "kind": kind,
            "horizon_days": 0,
            "lead_days": 0,
            "categories": [],
        },
        "features": [{"name": "days_since_last", "meaning": "Time since the last purchase. Unit: days."}],
        "judged": "rolling origin",
    }


def _data() -> Record:
    return {
        "name": "shop",
        "fingerprint": "f1ngerpr1nt",
        "tables": ["transactions", "customers"],
        "end": "2025-02-24",
        "zone": "Europe/Berlin",
        "warnings": ["12 rows of transactions have no category"],
    }


def _made() -> Record:
    """Tell what the champion was made from, and its limits."""
    return {
        "provenance": {
            "data": "f1ngerpr1nt",
            "zone": "Europe/Berlin",
            "commit": "c0ffee",
            "lock": "10c4",
            "augury": "9.8.7",
        },
        "artifact": "a7f1fac7",
        "trained_to": "2024-12-08",
        "versions": {"numpy": "2.4.6", "pandas": "3.1.1"},
        "limits": ["It speaks of active_84d alone."],
    }


def _learned(number: int) -> Record:
    told = {"rows": 25137 + number, "customers": 2422 + number, "rate": 0.1419 + number / 50, "cutoffs": 11 + number}
    return {**told, "from": "2024-03-26", "to": f"2024-08-1{number}", "features": 32}


def _model(metrics: Record) -> Record:
    params = {"depth": 3, "rate": 0.045, "members": ["one", "other"], "weights": None, "kind": "any"}
    told = {"params": params, "calibration": "none", "calibrations": {}, "note": "", "seconds": 3.25}
    return {**told, "metrics": metrics}


def _metrics(names: Sequence[str], level: float, numbers: "count[int]") -> Record:
    made: Record = {}
    for name in names:
        value = level + next(numbers) / 7000
        if name in ("ece", "brier", "aggregate_bias"):
            value /= 20
        made[name] = {"value": value, "low": value - 0.0123, "high": value + 0.0145}
    return made


def _drawn(parts: Sequence[str], *, band: bool) -> Record:
    told: Record = {}
    for number, part in enumerate((*parts, "all")):
        rows = []
        for tenth in range(3):
            observed = 0.0511 + tenth / 4 + number / 90
            row = {"predicted": 0.0407 + tenth / 4, "observed": observed, "rows": 231 + tenth + 10 * number}
            rows.append({**row, "low": observed - 0.02, "high": observed + 0.03} if band else row)
        told[part] = rows
    curve = [{"share": share, "held": share**0.5} for share in (0.0, 0.25, 1.0)]
    return {"held": dict.fromkeys(parts, curve), "reliability": told}


def _gain(part: int) -> Record:
    told = {"part": part, "share": part / 2, "rate": 0.6131 / part, "lift": 1.6317 / part}
    return {**told, "found": 0.5713 * part**0.8, "lift_so_far": 1.4357 / part}


def _money(part: str) -> Record:
    return {
        "part": part,
        "campaign": {"contact_cost": 1.5, "offer_cost": 5.25, "acceptance": 0.31, "value": 41.5, "others": 0.91},
        "value_from": None,
        "margin": 1.0,
        "customers": None,
        "money": 777.5,
        "curve": list(_curve()),
        "best": {"contacted": 1240, "share": 0.537, "expected": 3509.15, "realised": 2964.78, "spent": 6194.11},
        "at_budget": {"contacted": 310, "share": 0.134, "expected": 1609.15, "realised": 1464.78, "spent": 776.11},
    }


def _curve() -> Iterator[Record]:
    for contacted, expected in (
        (0, 0.0),
        (310, 1609.15),
        (1240, 3509.15),
        (1800, 1000.0),
        (2000, -3000.0),
        (2309, -9000.0),
    ):
        told = {"contacted": contacted, "share": contacted / 2309, "expected": expected, "realised": 0.9 * expected}
        yield {**told, "found": contacted / 2309, "lift": None if contacted == 0 else 1.0}


MEASURES = ("rate", "score", "roc_auc", "ece", "selected", "true_positive_rate", "false_positive_rate")


def _group(name: str) -> Record:
    rates: Record = {measure: 0.1117 + number / 9 + len(name) / 300 for number, measure in enumerate(MEASURES)}
    ratios = {f"{measure}_ratio": 1.0 for measure in MEASURES}
    note = "" if name == "all" else "selected is 0.05 times that of all"
    return {"group": name, "rows": 9200 + len(name), "customers": 2400 + len(name), **rates, **ratios, "note": note}


def _small(name: str) -> Record:
    told: Record = dict.fromkeys((*MEASURES, *(f"{measure}_ratio" for measure in MEASURES)))
    return {"group": name, "rows": 19, "customers": 17, **told, "note": "fewer than 50 customers: no rates"}


def _weight(level: str, name: str, title: str, mean: float, *, movable: bool) -> Record:
    told = {"level": level, "name": name, "concept": name, "title": title, "movable": movable}
    return {**told, "mean": mean, "low": mean - 0.037, "high": mean + 0.043, "cutoffs": 3}


def _example(which: str, score: float) -> Record:
    said = {"title": "Silence", "direction": "raises", "sentence": "no purchase for 64 days, usually every 2.4"}
    return {"which": which, "score": score, "reasons": [{**said, "movable": True}]}
