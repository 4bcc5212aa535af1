"""The README's tables, made from committed results of studies and benchmarks: never typed."""

import json
import re
from pathlib import Path

from configs.whole import whole_file
from experiments.scoreboard import cells
from experiments.study import results_file
from models.estimators import MODELS

README = Path(__file__).resolve().parent.parent / "README.md"
BENCHMARKS = Path(__file__).parent / "benchmarks"
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
    table = _table(["model", *header], [[f"`{model}`", *row] for model, row in rows.items()])
    train, test = found["cutoffs"]["train"], found["cutoffs"]["test"]
    told = f"Trained on {len(train)} cutoffs up to {train[-1]}, tested on {', '.join(test)}"
    past = [f"`{model}`" for model in found["models"] if MODELS[model].learns == "past"]
    if past:
        told += f"; {', '.join(past)} learned no outcome, but the past of {test[0]}"
    return f"{table}\n{told}: `augury study {name}`.\n"


def benchmark_table(name: str) -> str:
    """Make a benchmark's table in Markdown: CPU seconds as multiples of the case's first system."""
    found = json.loads((BENCHMARKS / f"{name}.json").read_text(encoding="utf-8"))
    first: dict[str, float] = {}
    rows = []
    for row in found["rows"]:
        ratio = row["cpu_s"] / first.setdefault(row["case"], row["cpu_s"])
        rows.append([row["case"], row["system"], f"{row['cpu_s']:.2f}", f"{ratio:.2f}", f"{row['peak_mb']:,}"])
    table = _table(["case", "system", "CPU s", "ratio", "peak MB"], rows)
    return f"{table}\nOn {found['machine']['cores']} shared cores: `python -m experiments.benchmarks.{name}`.\n"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
