"""The benchmark of the service at a tiny size: questions, bars, processes, and that every system is asked of all."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from configs.settings import Settings
from experiments.benchmarks.serving.bars import BARS, Bar, Cell, judged
from experiments.benchmarks.serving.deployment import ASKED, CUTOFF, MODELS, Made
from experiments.benchmarks.serving.process import Command, cpu_seconds, served, tree
from experiments.benchmarks.serving.questions import by_id, by_row, in_arrow, in_bulk, rows
from experiments.benchmarks.serving.run import best
from experiments.benchmarks.serving.shop import NAMES, customer_ids, features, outcomes
from experiments.benchmarks.serving.systems import SYSTEMS
from experiments.benchmarks.serving.table import markdown
from experiments.server import free_port
from features.library import FEATURES

CUSTOMERS = 2_500


@pytest.fixture(scope="module")
def made() -> Made:
    """Draw customers; nothing is fitted or written."""
    drawn = features(CUSTOMERS)
    frame = drawn.assign(customer_id=customer_ids(CUSTOMERS), cutoff=CUTOFF)
    return Made(Settings(Path("nowhere"), "nothing"), frame, {})


def test_features_are_declared_numbers_and_some_are_not_known() -> None:
    assert len(NAMES) == len(set(NAMES)) == 30
    assert all(not FEATURES[name].by and not FEATURES[name].text for name in NAMES)
    drawn = features(1_000)
    assert drawn.isna().to_numpy().mean() == pytest.approx(0.05, abs=0.01)
    assert features(1_000).equals(drawn)


def test_outcomes_hang_on_the_features() -> None:
    seen = outcomes(features(5_000))
    assert set(seen) == set(MODELS.values())
    assert 0.3 < seen["churned"].mean() < 0.7
    assert np.corrcoef(seen["churned"], seen["orders"])[0, 1] < -0.05
    assert ((seen["future_spend"] > 0) == (seen["orders"] > 0)).all()


def test_questions_are_of_many_customers(made: Made) -> None:
    asked = [json.loads(body) for body in by_id("/v1/score", made, explain=3).bodies]
    assert {each["customer_ids"][0] for each in asked} == set(customer_ids(CUSTOMERS))
    assert all(each["models"] == [ASKED] and each["explain"] == 3 for each in asked)
    many = by_id("/v1/score", made, models=tuple(MODELS), many=1_000)
    assert many.first == customer_ids(1_000)
    starts = [json.loads(body)["customer_ids"] for body in many.bodies]
    assert all(len(set(each)) == 1_000 for each in starts)
    assert len({each[0] for each in starts}) == len(starts) > 10


def test_rows_come_as_they_are_in_each_servers_words(made: Made) -> None:
    first = rows(made.frame[:1])[0]
    assert list(first["features"]) == list(NAMES)
    for name, value in first["features"].items():
        known = made.frame.loc[0, name]
        assert value == (None if np.isnan(known) else known)
    alone = by_row("/score", made.frame, dict, lambda answer: [answer["score"]])
    assert json.loads(alone.bodies[0]) == first
    assert alone.scores(b'{"score": 0.25}') == {ASKED: [0.25]}
    assert json.loads(in_bulk("/bulk", made).bodies[1])["rows"][0]["customer_id"] == "C0001000"
    table = pa.ipc.open_stream(in_arrow("/bulk", made).bodies[2]).read_all()
    assert table.num_rows == 500
    assert table["spend"].to_pylist() == rows_of(made, "spend")


def rows_of(made: Made, name: str) -> list[float | None]:
    return [each["features"][name] for each in rows(made.frame[2_000:])]


def _row(system: str, connections: int, per_second: float, **more: Any) -> dict[str, Any]:
    return {"system": system, "case": "one", "connections": connections, "per_second": per_second, **more}


def test_of_several_runs_the_fastest_counts() -> None:
    runs = [_row("a", 1, 5.0, cpu_us=7), _row("a", 16, 8.0), _row("a", 1, 6.0, cpu_us=9), _row("b", 1, 4.0)]
    assert best(runs) == [_row("a", 1, 6.0, cpu_us=9), _row("a", 16, 8.0), _row("b", 1, 4.0)]


FOUND = [
    _row("a", 16, 900.0, cpu_us=100.0, p50_ms=3.1, p99_ms=6.0),
    _row("b", 16, 1_000.0, cpu_us=80.0, p50_ms=1.0, p99_ms=2.0),
]


@pytest.mark.parametrize(
    ("bar", "value", "met", "by_cpu"),
    [
        (Bar("rate", Cell("a", "one", 16), Cell("b", "one", 16), "at least", 0.9), 0.9, True, 0.8),
        (Bar("rate", Cell("a", "one", 16), Cell("b", "one", 16), "at least", 0.91), 0.9, False, 0.8),
        (Bar("p99", Cell("a", "one", 16, "p99_ms"), None, "at most", 5, "ms"), 6.0, False, None),
        (
            Bar("cpu", Cell("a", "one", 16, "cpu_us"), Cell("b", "one", 16, "cpu_us"), "at most", 1.25),
            1.25,
            True,
            None,
        ),
    ],
)
def test_bars(bar: Bar, value: float, met: bool, by_cpu: float | None) -> None:
    told = bar.told(FOUND)
    assert told is not None
    assert (told["value"], told["met"], told["by_cpu"]) == (value, met, by_cpu)


def test_what_was_not_measured_is_not_judged() -> None:
    assert Bar("rate", Cell("a", "one", 64), Cell("b", "one", 16), "at least", 0.9).told(FOUND) is None
    assert judged(FOUND) == []


def test_every_bar_is_of_what_is_asked() -> None:
    cells = [cell for bar in BARS for cell in (bar.mine, bar.theirs) if cell is not None]
    asked = {(name, case) for name, system in SYSTEMS.items() for case in system.asks}
    assert {(cell.system, cell.case) for cell in cells if cell.system in SYSTEMS} <= asked
    assert {cell.system for cell in cells} - set(SYSTEMS) == {"the models alone"}


def test_the_readmes_lines() -> None:
    many = {"per_second": 3.04, "rows_per_second": 12_160, "cpu_us": 9_000.4}
    found = {
        "rows": [*FOUND, _row("a", 1, 1_234.5, cpu_us=11.0), {**_row("a", 1, 0), "case": "many", **many}],
        "bars": [{"name": "fast", "value": 0.512, "met": False}, {"name": "right", "value": 1, "met": True}],
        "left_out": {"c": "it does not start"},
        "load": {"before": 0.5, "after": 2.34},
    }
    assert markdown(found).splitlines() == [
        "| asked | system | a second at 1 | a second at 16 | a second at 64 | p50, p99 ms at 16 | CPU µs |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| one | a | 1,234 | 900 | – | 3.1, 6.0 | 100 |",
        "| one | b | – | 1,000 | – | 1.0, 2.0 | 80 |",
        "| many | a | 12,160 | – | – | – | 9,000 |",
        "",
        "Answers a second of one worker on one core, in bulk rows × models a second, by connections; CPU of the server "
        "for an answer; the machine's load was 2.3 then, this included; left out: c. 1 of 2 bars are met; not: "
        "fast 0.51",
    ]


SERVER = """
import subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
child = subprocess.Popen([sys.executable, "-c", "import time\\nwhile True: pass"])
HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


def test_a_server_is_measured_and_ended_with_all_that_it_started(tmp_path: Path) -> None:
    port = free_port()
    command = Command([sys.executable, "-c", SERVER, str(port)], os.environ, "/")
    with served(command, port=port, log=tmp_path / "log") as pid:
        (_, child) = tree(pid)
        before, begun = cpu_seconds(pid), time.perf_counter()
        while cpu_seconds(pid) < before + 0.3:
            assert time.perf_counter() < begun + 60
            time.sleep(0.05)
    ended = time.perf_counter()
    while _runs(pid) or _runs(child):
        assert time.perf_counter() < ended + 10
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_server_that_does_not_start_is_told_of_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = Command([sys.executable, "-c", "raise SystemExit('no such model')"], os.environ, "/")
    with (
        pytest.raises(RuntimeError, match=r"did not become ready; the end of .*\nno such model"),
        served(command, port=free_port(), log=tmp_path / "log"),
    ):
        pytest.fail("it was ready")


def test_the_command_measures_servers_that_answer_right(tmp_path: Path) -> None:
    systems = ["augury, read from the batch", "uvicorn + Starlette + msgspec, our trees"]
    flags = ["--systems", *systems, "--customers", "1200", "--seconds", "0.2", "--repeats", "1"]
    command = [sys.executable, "-m", "experiments.benchmarks.serving", *flags]
    environment = {**os.environ, "AUGURY_VAR": str(tmp_path), "COLUMNS": "180"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "benchmarks" / "serving.json").read_text())
    assert {"machine", "versions", "commit", "load", "apart", "bars"} < set(found)
    assert {"bentoml", "mlflow", "starlette", "uvicorn"} < set(found["versions"])
    assert found["left_out"] == {}
    assert {row["system"] for row in found["rows"]} == {*systems, "the models alone"}
    for row in found["rows"]:
        assert row["per_second"] > 0
        assert row["cpu_us"] > 0
        assert row["system"] == "the models alone" or set(row["statuses"]) == {"200"}
    assert "four models" in done.stdout
