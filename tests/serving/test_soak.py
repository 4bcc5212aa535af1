"""Many requests, right and wrong: nothing grows. A short form of the benchmark of half an hour."""

from pathlib import Path
from typing import Any

import pytest

from experiments.benchmarks.serving.soak import GROWTH_MB, Look, judged, questions, run

PART: Look = {
    "requests": 100,
    "per_second": 50.0,
    "p99_ms": 1.5,
    "statuses": {"200": 90, "404": 10},
    "rss_mb": [500.0, 501.0],
    "files": [24, 24],
    "threads": [20, 20],
    "series": 94,
    "log_kb": 8,
    "audit_lost": 0.0,
}


def test_nothing_that_stays_is_a_fault() -> None:
    found = judged([PART] * 4)
    assert set(found["kept"].values()) == {True}
    assert (found["requests"], found["statuses"]) == (400, {"200": 360, "404": 40})


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("statuses", {"statuses": {"200": 99, "500": 1}}),
        ("memory", {"rss_mb": [500.0, 502.0 + GROWTH_MB]}),
        ("files", {"files": [24, 25]}),
        ("threads", {"threads": [20, 22]}),
        ("series", {"series": 95}),
        ("log", {"log_kb": 17}),
        ("audit", {"audit_lost": 1.0}),
    ],
)
def test_what_grows_is_found(what: str, changed: dict[str, Any]) -> None:
    found = judged([PART, PART, PART, {**PART, **changed}])["kept"]
    assert [name for name, kept in found.items() if not kept] == [what]


def test_questions_are_of_many_kinds() -> None:
    asked = list(questions([f"C{number}" for number in range(200)], "aug_key", count=400))
    assert len(set(asked)) > 250
    assert sum(b"Bearer aug_key" not in each for each in asked) == 10
    assert sum(b"/v1/none/" in each for each in asked) == 20


def test_nothing_grows(tmp_path: Path) -> None:
    found = run(tmp_path, requests=15_000, workers=1, connections=8, chunk=0.3)
    assert found["requests"] >= 15_000
    assert set(found["statuses"]) == {"200", "400", "401", "404"}
    kept = {name: told for name, told in found["kept"].items() if name != "threads"}  # they are made as they are needed
    assert set(kept.values()) == {True}, found
    assert found["shadow_kb"] > 100
    lines = (tmp_path / "audit" / "audit.jsonl").read_text().splitlines()
    assert len(lines) == found["requests"] or abs(len(lines) - found["requests"]) < 100
