"""The README's tables, made from committed results: never typed."""

import json
import re
from pathlib import Path

from configs.whole import whole_file
from experiments.scoreboard import cells
from experiments.study import results_file

README = Path(__file__).resolve().parent.parent / "README.md"
MARKED = re.compile(r"(<!-- study: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def readme(*, check: bool, path: Path = README) -> None:
    """Fill the marked places. With `check` nothing is written and a difference is a `ValueError`."""
    text = path.read_text(encoding="utf-8")
    made = MARKED.sub(lambda found: found.group(1) + study_table(found.group(2)) + found.group(3), text)
    if check and made != text:
        raise ValueError(f"the tables of {path} differ from the committed results; run `augury readme`")
    if not check:
        with whole_file(path) as draft:
            draft.write_text(made, encoding="utf-8")


def study_table(name: str) -> str:
    """Make a study's scoreboard in Markdown."""
    found = json.loads(results_file(name).read_text(encoding="utf-8"))
    header, rows = cells(found["models"])
    lines = [["model", *header], ["---"] * (len(header) + 1), *([f"`{model}`", *row] for model, row in rows.items())]
    train, test = found["cutoffs"]["train"], found["cutoffs"]["test"]
    told = f"Trained on {len(train)} cutoffs up to {train[-1]}, tested on {', '.join(test)}"
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table}\n\n{told}: `augury study {name}`.\n"
