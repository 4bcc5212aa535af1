"""What a record tells of lifetime value, made by hand, in the shape that `training.record` gives."""

from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]


def lifetime(cutoffs: Sequence[str]) -> Record:
    """Tell of lifetime value at the last of some cutoffs."""
    return {
        "part": cutoffs[-1],
        "process": "Pareto/NBD",
        "note": "It fell back to what purchases tell alone.",
        "history_days": 371,
        "tracking": [_week(number) for number in range(-5, 4)],
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
        "total": _total(cutoffs),
    }


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


def _total(cutoffs: Sequence[str]) -> Record:
    closed = [
        {"cutoff": cutoff, "expected": 39001.5 + place, "actual": 38002.5 + 1500 * place, "ratio": 0.974 + place / 26}
        for place, cutoff in enumerate(cutoffs)
    ]
    return {"level": 0.9, "fewest": 3, "closed": closed, "low": 0.8642, "high": 1.1713}
