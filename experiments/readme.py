"""The README's tables, made from committed results of studies and benchmarks: never typed."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from configs.whole import whole_file
from experiments.benchmarks.batch.table import markdown as batch
from experiments.benchmarks.serving.table import markdown as serving
from experiments.markdown import table
from experiments.scoreboard import COLUMNS, cells, number
from experiments.study import results_file
from models.estimators import MODELS

README = Path(__file__).resolve().parent.parent / "README.md"
BENCHMARKS = Path(__file__).parent / "benchmarks"
KINDS: Final = ("ours", "peer", "limit")
"""Kinds of systems of a benchmark, in the order of its table."""
OWN: Final[Mapping[str, Callable[[dict[str, Any]], str]]] = {"batch": batch, "serving": serving}
"""Benchmarks whose tables are not of costs of work, and what makes them."""
MARKED = re.compile(r"(<!-- (study|benchmark): (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def readme(*, check: bool, path: Path = README) -> None:
    """Fill the marked places. With `check` nothing is written and a difference is a `ValueError`."""
    text = path.read_text(encoding="utf-8")
    tables = {"study": study_table, "benchmark": benchmark_table}
    made = MARKED.sub(lambda found: f"{found[1]}{tables[found[2]](found[3])}{found[4]}", text)
    if check and made != text:
        raise ValueError(f"the tables of {path} differ from the committed results; run `augury readme`")
    if not check:
        with whole_file(path) as draft:
            draft.write_text(made, encoding="utf-8")


def study_table(name: str) -> str:
    """Make a study's scoreboard in Markdown."""
    found = json.loads(results_file(name).read_text(encoding="utf-8"))
    header, rows = cells(found["models"])
    champion, grade = found["champion"], found["grade"]["letter"]
    lines = [[f"**`{each}`**" if each == champion else f"`{each}`", *row] for each, row in rows.items()]
    made = table(["model", *header], lines)
    told = f"Tested on {_tests(found)}; the champion, grade {grade}, learned from {found['learned']}{_by_part(found)}"
    past = [f"`{model}`" for model in found["models"] if MODELS[model].learns == "past"]
    if past:
        told += f"; {', '.join(past)} learned no outcome, but the past of each test"
    return f"{made}\n\n{told}: `augury study {name}`.\n"


def _tests(found: dict[str, Any]) -> str:
    """Name the test cutoffs, or count the repeats of folds."""
    names = found["judged"]
    return f"{len(names)} repeats of folds" if names[0].startswith("repeat") else ", ".join(names)


def _by_part(found: dict[str, Any]) -> str:
    """Say how the champion ranked at each cutoff, where there are several."""
    if not found["parts"] or found["judged"][0].startswith("repeat"):
        return ""
    champion = found["champion"]
    metric = next(metric for metric in COLUMNS if metric in found["models"][champion])
    values = [number(models[champion][metric]["value"]) for models in found["parts"].values()]
    return f"; its {COLUMNS[metric]} there was {', '.join(values)}"


def benchmark_table(name: str) -> str:
    """Make a benchmark's table in Markdown: its own, or a row a system, a column a case that is shown."""
    found = json.loads((BENCHMARKS / f"{name}.json").read_text(encoding="utf-8"))
    if name in OWN:
        return f"{OWN[name](found)}; on {_machine(name, found)}"
    rows = sorted((row for row in found["rows"] if row["shown"]), key=lambda row: KINDS.index(row["kind"]))
    cases = list(dict.fromkeys(row["case"] for row in found["rows"] if row["shown"]))
    lines: dict[str, list[str]] = {}
    for row in rows:
        line = lines.setdefault(row["system"], [_system(row), *["–"] * len(cases)])
        peers = [each["cpu_s"] for each in rows if each["case"] == row["case"] and each["kind"] == "peer"]
        line[1 + cases.index(row["case"])] = _cost(row, best=min(peers, default=None))
    told = "CPU seconds of a process that is warm (as a multiple of the best peer's), peak memory"
    made = table(["system", *cases], lines.values())
    return f"{made}\n\n{told}; on {_machine(name, found)}"


def _machine(name: str, found: dict[str, Any]) -> str:
    return f"{found['machine']['cores']} shared cores: `python -m experiments.benchmarks.{name}`.\n"


def _system(row: dict[str, Any]) -> str:
    """Name a system, and how many features it gives where it does not give all."""
    some = row["kind"] != "limit" and row.get("features", 0) < row.get("asked", 0)
    return f"{row['system']} ({row['features']} of {row['asked']} features)" if some else str(row["system"])


def _cost(row: dict[str, Any], *, best: float | None) -> str:
    digits = 2 if row["cpu_s"] < 10 else 1 if row["cpu_s"] < 100 else 0
    ratio = "" if best is None else f" ({row['cpu_s'] / best:.2f}×)"
    return f"{row['cpu_s']:.{digits}f} s{ratio}, {row['peak_mb'] / 1000:.1f} GB"
