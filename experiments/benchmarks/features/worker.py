"""One system in this process: asked, measured, and what came out told as a line of JSON.

A small question is asked first: what a process loads once, such as compiled code, is told apart as `first_cpu_s`.
"""

import json
import sys
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.benchmarks.features.digest import digest
from experiments.benchmarks.features.question import Question
from experiments.benchmarks.measure import measured


def asked_of(told: dict[str, Any]) -> Question:
    """Read a question that came as JSON."""
    return Question(
        folder=Path(told["folder"]),
        cutoffs=tuple(date.fromisoformat(each) for each in told["cutoffs"]),
        names=tuple(told["names"]),
        to=Path(told["to"]) if told["to"] else None,
    )


def main(told: dict[str, Any]) -> None:
    """Ask the system; where a `sample` file is wanted, digest its answer."""
    question = asked_of(told)
    system = import_module(f"experiments.benchmarks.features.{told['module']}")
    small = replace(question, folder=Path(told["small"]), to=None)
    _, first = measured(system.prepare(small, **told["options"]))
    frame, cost = measured(system.prepare(question, **told["options"]))
    cost["first_cpu_s"] = first["cpu_s"]
    if told["sample"]:
        cost |= digest(question.to or frame, customers=told["customers"], sample=Path(told["sample"]))
    print(json.dumps(cost))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
