"""One step in this process, measured: keeping a history, a day from what is kept, or a day from all rows."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.features.question import NAMES
from experiments.benchmarks.measure import measured
from features.engine.door import admit
from features.engine.kept import Kept
from features.engine.scan import scan_files
from features.frame import frame
from features.history import History
from features.library import POPULATIONS, chosen

Told = dict[str, Any]
FEATURES, KNOWN = chosen(list(NAMES)), POPULATIONS["known"]


def build(told: Told) -> Told:
    """Keep a history."""
    history = _admitted(told)
    return measured(lambda: Kept.build(Path(told["kept"]), history, FEATURES, population=KNOWN))[1]


def day(told: Told) -> Told:
    """Add a day's rows to what is kept, and make the frame at its end."""
    history = _admitted(told)
    kept, opened = measured(lambda: Kept.open(Path(told["kept"]), FEATURES, population=KNOWN))
    _, added = measured(lambda: kept.add(history))
    made, framed = measured(lambda: kept.frame([history.end]))
    cpu, user = (sum(each[name] for each in (opened, added, framed)) for name in ("cpu_s", "user_s"))
    return {"cpu_s": cpu, "user_s": user, "add": added, "frame": framed, **_hashes(made)}


def fold(told: Told) -> Told:
    """Make all that is kept a new base, as happens by itself where days have outgrown it."""
    kept = Kept.open(Path(told["kept"]), FEATURES, population=KNOWN)
    return measured(kept.fold)[1]


def scratch(told: Told) -> Told:
    """Make a day's frame from all rows."""
    history = _admitted(told)
    made, cost = measured(lambda: frame(history, [history.end], population=KNOWN, features=FEATURES))
    return {**cost, **_hashes(made)}


def _admitted(told: Told) -> History:
    files = scan_files("transactions", "read_parquet", told["files"], {})
    return admit("benchmark", {"transactions": files}, end=pd.Timestamp(told["end"]))


def _hashes(made: pd.DataFrame) -> Told:
    """Hash every column of a frame, bit for bit and row for row; all that are no number are one."""
    hashes = {"customer_id": _hash("\n".join(made["customer_id"]).encode())}
    hashes["cutoff"] = _hash(made["cutoff"].to_numpy().astype("datetime64[us]").tobytes())
    for name in NAMES:
        numbers = made[name].to_numpy(np.float64)
        hashes[name] = _hash(np.where(np.isnan(numbers), np.nan, numbers).tobytes())
    return {"frame_rows": len(made), "hashes": hashes}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps({"build": build, "day": day, "fold": fold, "scratch": scratch}[asked["step"]](asked)))
