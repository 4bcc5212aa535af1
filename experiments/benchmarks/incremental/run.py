"""The walk: a history is kept, then day by day rows arrive and the frame is made from both, each in its own process."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from experiments.benchmarks.features.data import END, Size
from experiments.benchmarks.incremental.arrivals import Arrivals, draw
from experiments.benchmarks.record import fresh
from experiments.progress import steps

WORKER = "experiments.benchmarks.incremental.worker"
Found = dict[str, Any]


def run(size: Size, *, days: int, every: int, var: Path) -> Found:
    """Measure what each day's frame costs from what is kept, and every so many days, the last too, from all rows.

    Raises `ValueError` for the first day on which both differ in a bit.
    """
    var.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=var) as folder, steps("benchmark incremental", 3 + days) as step:
        step("draw")
        arrivals = draw(size, days, Path(folder))
        kept = str(arrivals.folder / "kept")
        step("keep")
        built = _asked("build", str(arrivals.before / "*.parquet"), _end(-1, days), kept=kept)
        rows = [_day(arrivals, number, days, every=every, kept=kept, step=step) for number in range(days)]
        step("fold")
        once = _asked("fold", "", _end(days - 1, days), kept=kept)
    told = {"rows": size.rows, "customers": size.customers, "build": built, "fold": once}
    return {**told, "days": rows, **_ratios(rows)}


def _day(arrivals: Arrivals, number: int, days: int, *, every: int, kept: str, step: Callable[[str], None]) -> Found:
    file, end = arrivals.day(number), _end(number, days)
    step(f"{end}: {arrivals.rows[number]} rows")
    shutil.move(file, arrivals.before / file.name)
    from_kept = _asked("day", str(arrivals.before / file.name), end, kept=kept)
    found = {"cutoff": f"{end}", "arrived": arrivals.rows[number], "late": arrivals.late[number]}
    hashes = from_kept.pop("hashes")
    found |= {"frame_rows": from_kept.pop("frame_rows"), "kept": from_kept}
    if (number + 1) % every == 0 or number == days - 1:
        from_all = _asked("scratch", str(arrivals.before / "*.parquet"), end)
        check_same(hashes, from_all.pop("hashes"), cutoff=end)
        found["all rows"] = from_all
    return found


def _asked(what: str, files: str, end: date, **more: str) -> Found:
    return fresh(WORKER, {"step": what, "files": files, "end": end.isoformat(), **more}, python=Path(sys.executable))


def _end(number: int, days: int) -> date:
    """Give the end of a day, which is its frame's cutoff."""
    last: date = END.astype("datetime64[D]").item()
    return last - timedelta(days=days - 1 - number)


def check_same(kept: dict[str, str], all_rows: dict[str, str], *, cutoff: date) -> None:
    """Raise `ValueError` that names the columns in which two frames differ."""
    differ = [name for name in all_rows if kept.get(name) != all_rows[name]]
    if differ or len(kept) != len(all_rows):
        raise ValueError(f"the frame of {cutoff} from what is kept is not the one from all rows: {differ} differ")


def _ratios(rows: list[Found]) -> Found:
    """Say how many times cheaper a day is from what is kept: all days' mean against those made from all rows."""
    both = [row for row in rows if "all rows" in row]
    told = {}
    for name in ("cpu_s", "user_s"):
        kept = sum(row["kept"][name] for row in rows) / len(rows)
        told[name] = {
            "kept": round(kept, 3),
            "all rows": round(sum(row["all rows"][name] for row in both) / len(both), 3),
        }
        told[name]["ratio"] = round(told[name]["all rows"] / kept, 2)
    return {"a day": told, "days compared": len(both)}
