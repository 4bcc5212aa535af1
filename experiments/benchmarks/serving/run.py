"""The walk: each server alone, asked everything that it can answer, then the models without any server."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from experiments.benchmarks.serving.deployment import Made, make
from experiments.benchmarks.serving.measure import Row, check, measured
from experiments.benchmarks.serving.process import SERVER_CORE, on_core, served
from experiments.benchmarks.serving.questions import MANY, parts
from experiments.benchmarks.serving.shop import NAMES
from experiments.benchmarks.serving.systems import BULK_ARROW, BULK_IDS, BULK_JSON, SYSTEMS
from experiments.progress import steps
from experiments.server import free_port

CONNECTIONS: Final = (1, 16, 64)
BULK_CONNECTIONS: Final = (1, 4)
BULKS: Final = (BULK_IDS, BULK_JSON, BULK_ARROW)
ALONE: Final = "the models alone"
"""What no server is around: XGBoost's boosters, asked by rows in a loop."""


def run(names: Sequence[str], *, var: Path, customers: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Measure systems; of several repeats that with the most answers a second counts.

    A system that cannot be had is left out, with the reason.
    """
    rows: list[Row] = []
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=var) as folder, steps("benchmark serving", 2 + len(names) * repeats) as step:
        step("deployment")
        made = make(Path(folder), customers=customers)
        for _ in range(repeats):
            for name in names:
                step(name)
                try:
                    rows += _asked(name, made, seconds)
                except RuntimeError as error:
                    left_out[name] = str(error)
        step(ALONE)
        rows.append(_alone(made, seconds))
    had = {row["system"] for row in rows}
    return {"left_out": {name: why for name, why in left_out.items() if name not in had}, "rows": best(rows)}


def best(rows: Sequence[Row]) -> list[Row]:
    """Keep of each system, case and number of connections the run with the most answers a second."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (row["system"], row["case"], row["connections"])
        if key not in found or row["per_second"] > found[key]["per_second"]:
            found[key] = row
    return list(found.values())


def _asked(name: str, made: Made, seconds: float) -> list[Row]:
    system, port = SYSTEMS[name], free_port()
    if system.version is not None:
        made.turn(system.version)
    rows = []
    log = made.settings.var / "server.log"
    with served(system.command(made, port), port=port, log=log) as pid:
        for case, ask in system.asks.items():
            question, told = ask(made), {"system": name, "kind": system.kind, "case": case}
            check(question, made, port=port)
            for connections in BULK_CONNECTIONS if case in BULKS else CONNECTIONS:
                found = measured(question, port=port, pid=pid, connections=connections, seconds=seconds)
                rows.append({**told, "connections": connections, **found, **_rows(case, found)})
    return rows


def _rows(case: str, found: Mapping[str, Any]) -> Row:
    """Give the rows × models a second of a case in bulk."""
    return {"rows_per_second": round(found["per_second"] * MANY * 4)} if case in BULKS else {}


def _alone(made: Made, seconds: float) -> Row:
    """Ask the boosters by rows, one after the other, for so many seconds."""
    rows = [part[list(NAMES)].to_numpy() for part in parts(made)]
    boosters = [each.model.booster_ for each in made.artifacts.values()]  # type: ignore[attr-defined]  # boosted's
    with on_core(SERVER_CORE):
        begun, cpu, asked = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() < begun + seconds:
            for booster in boosters:
                booster.inplace_predict(rows[asked % len(rows)])
            asked += 1
        wall, used = time.perf_counter() - begun, time.process_time() - cpu
    told = {"system": ALONE, "kind": "limit", "case": BULK_ARROW, "connections": 1, "requests": asked}
    cost = {"per_second": round(asked / wall, 1), "cpu_us": round(used / asked * 1e6, 1)}
    return {**told, **cost, "rows_per_second": round(asked * MANY * len(boosters) / wall)}
