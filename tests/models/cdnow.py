"""The CDNOW logs that lifetimes ships, read without importing it, and summed up to the end of the calibration."""

import importlib.util
from functools import cache
from pathlib import Path

import pandas as pd

from models.estimators.bgnbd import Bgnbd

END = pd.Timestamp("1997-09-30")


def purchases(file: str) -> pd.DataFrame:
    """Read one of the CDNOW logs that lifetimes ships, without importing it."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    lines = (Path(spec.origin).parent / "datasets" / file).read_text().splitlines()
    rows = [line.split() for line in lines if line.split()[0].isdigit()]
    days = [(row[0], row[-3]) for row in rows]
    log = pd.DataFrame(days, columns=["customer_id", "day"])
    return log.assign(day=pd.to_datetime(log["day"], format="%Y%m%d"))


def history(log: pd.DataFrame) -> pd.DataFrame:
    """Sum each customer up to END inclusive, T counted to END, in days."""
    rows = {}
    for customer, days in log[log["day"] <= END].groupby("customer_id")["day"]:
        first, last = days.min(), days.max()
        rows[customer] = (days.nunique() - 1, (last - first).days, (END - first).days)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(Bgnbd.requires))


@cache
def calibration(file: str) -> pd.DataFrame:
    """Sum each customer of a log; made once, so leave it as it is."""
    return history(purchases(file))
