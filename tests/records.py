"""Records of back-tests made by hand, in the shape that `training.record` gives; their numbers are all different."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

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
    weeks = [_week(number) for number in range(-5, 4)]
    record["lifetime"] = {
        "part": ORIGINS[-1],
        "process": "Pareto/NBD",
        "note": "It fell back to what purchases tell alone.",
        "history_days": 371,
        "tracking": weeks,
        "tracked": [
            {"seen": True, "weeks": 6, "actual": 615.0, "expected": 621.25, "ratio": 0.9899},
            {"seen": False, "weeks": 3, "actual": 336.0, "expected": 311.75, "ratio": 1.0778},
        ],
        "frequencies": [_frequency(x) for x in range(8)],
        "alive": {
            "tenure_weeks": 53.2,
            "frequency": [1, 2, 3],
            "weeks_since_last": [0.0, 13.0, 26.0, 39.0],
            "p_alive": [[0.98, 0.99, 0.995], [0.9, 0.8, 0.7], [0.6, 0.4, 0.2], [0.3, 0.1, 0.04]],
            "once": 0.2873,
        },
        "distribution": _distribution(),
        "spread": _spread(),
        "total": _total(),
    }
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
        "format": 1,
        "name": name,
        "title": f"A shop: {name}",
        "champion": champion,
        "baseline": baseline,
        "data": {
            "name": "shop",
            "fingerprint": "f1ngerpr1nt",
            "tables": ["transactions", "customers"],
            "end": "2025-02-24",
            "zone": "Europe/Berlin",
            "warnings": ["12 rows of transactions have no category"],
        },
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
        "left_out": {},
        "leaks": [],
        "importance": [],
        "examples": [],
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


def _week(number: int) -> Record:
    actual, expected = 101.0 + 3 * number, 103.25 + 2.5 * number
    so_far = {"actual_so_far": 90.0 * (number + 6), "expected_so_far": 91.5 * (number + 6)}
    return {"week": number, "ends": f"2025-02-{number + 10:02}", "actual": actual, "expected": expected, **so_far}


def _frequency(x: int) -> Record:
    told = {"frequency": "7+" if x == 7 else str(x), "customers": 1303 - 150 * x}
    came = {"purchases": 0.117 + 0.41 * x, "expected_purchases": 0.131 + 0.39 * x}
    return {**told, **came, "value": 3.17 + 11.3 * x, "expected_value": 3.41 + 10.9 * x}


def _distribution() -> Record:
    shares = ("0.05", "0.25", "0.5", "0.75", "0.9", "0.95", "0.99")
    held = {"0.01": 0.1613, "0.05": 0.3914, "0.1": 0.5715, "0.2": 0.7616, "0.5": 0.9217}
    return {
        "customers": 2303,
        "total": 41234.5,
        "mean": 17.91,
        "quantiles": {share: 1.3 * 3.1**place for place, share in enumerate(shares)},
        "held": held,
        "edges": [2.0, 8.0, 32.0, 128.0, 512.0],
        "counts": [1201, 703, 301, 98],
    }


def _spread() -> Record:
    months = list(range(1, 61))
    so_far = {
        name: [1000.5 * month**power for month in months]
        for name, power in (("BG/NBD", 0.81), ("MBG/NBD", 0.79), ("Pareto/NBD", 0.86))
    }
    by_month = {name: [1000.5 / month for month in months] for name in so_far}
    parted = [0.01 * month**0.9 for month in months]
    told = {"unit": "currency", "months": months, "by_month": by_month, "so_far": so_far}
    return {**told, "spread": parted, "left_out": {}}


def _total() -> Record:
    closed = [
        {"cutoff": cutoff, "expected": 39001.5 + place, "actual": 38002.5 + 1500 * place, "ratio": 0.974 + place / 26}
        for place, cutoff in enumerate(ORIGINS)
    ]
    return {"level": 0.9, "fewest": 3, "closed": closed, "low": 0.8642, "high": 1.1713}
