"""As many requests as half an hour at 500 a second brings: `python -m experiments.benchmarks.serving.soak`.

Keys, the audit log and a challenger in the shadow are on; a batch is swapped at each tenth; some requests are wrong,
each in a way of its own. What a worker holds (memory, files, threads), its series of metrics and its log must not grow.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np

from configs.settings import SILENCE, Settings
from experiments.benchmarks.record import write
from experiments.benchmarks.serving.faults import HERE, PEERS, Trial, trial
from experiments.benchmarks.serving.shop import NAMES
from experiments.load import Load, load, request
from serving.safety.issue import add_key

HALF_AN_HOUR: Final = 30 * 60 * 500
PARTS: Final = 10
CHUNK: Final = 2.0
"""Seconds of load between looks at how many requests there were."""
KNOWN: Final = {"200", "400", "401", "404", "422"}
"""Statuses that the requests ask for."""
GROWTH_MB: Final = 25.0
"""A worker's memory may grow by so much from the first tenth to the last; it has some 500 MB."""
Look = dict[str, Any]


def questions(customer_ids: Sequence[str], key: str, *, count: int, seed: int = 0) -> Iterator[bytes]:
    """Write requests: mostly of single customers, some of many, some with reasons, some wrong and each another one."""
    drawn = random.Random(seed)
    headers = [("authorization", f"Bearer {key}")]
    for number in range(count):
        ids = drawn.sample(customer_ids, 1)
        asked: dict[str, Any] = {"customer_ids": ids}
        path, by = "/v1/score", headers
        match number % 20:
            case 13 | 14:
                asked["explain"] = 2
            case 15:
                asked["customer_ids"] = drawn.sample(customer_ids, 100)
            case 16:
                path = "/v1/score/payload"
                asked = {"customer_id": "new", "features": {name: drawn.random() for name in NAMES}}
            case 17:
                asked["models"] = [f"none {number}"]
            case 18:
                path = f"/v1/none/{number}"
            case 19 if number % 40 == 19:
                by = [("authorization", f"Bearer aug_none_{number}")]
            case 19:
                asked = {f"field {number}": number, "customer_ids": [f"nobody {number}"]}
        yield request(path, json.dumps(asked).encode(), headers=by)


def look(made: Trial, url: str) -> Look:
    """See what each worker holds, how many series of metrics there are, and how long the log is."""
    text = httpx.get(f"{url}/metrics", timeout=30).text
    series = [line for line in text.splitlines() if not line.startswith("#")]
    lost = sum(float(line.split()[-1]) for line in series if line.startswith("augury_audit_dropped_total"))
    held = [_held(pid) for pid in made.workers.ready()]
    told = {name: [each[name] for each in held] for name in ("rss_mb", "files", "threads")}
    return {**told, "series": len(series), "log_kb": round(made.workers.log.stat().st_size / 1e3), "audit_lost": lost}


def _held(pid: int) -> Mapping[str, float]:
    folder = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text(encoding="utf-8").splitlines())
    files = len(list((folder / "fd").iterdir()))
    return {
        "rss_mb": round(int(status["VmRSS"].split()[0]) / 1e3, 1),
        "files": files,
        "threads": int(status["Threads"]),
    }


def tenth(asked: Sequence[bytes], *, port: int, connections: int, count: int, chunk: float) -> Load:
    """Ask until there were so many answers."""
    whole = Load()
    while len(whole.latencies) < count:
        part = load(asked, port=port, connections=connections, seconds=chunk)
        whole.seconds += part.seconds
        whole.latencies += part.latencies
        whole.statuses += part.statuses
    return whole


def run(var: Path, *, requests: int, workers: int, connections: int, chunk: float = CHUNK) -> dict[str, Any]:
    """Ask so many times, and look after each tenth."""
    key = add_key(var / "keys.json", "soak", at=datetime.now(UTC), rate=1e6, burst=1e6)
    settings = Settings(var, f"sqlite:///{var / 'mlflow.db'}")
    parts: list[Look] = []
    with trial(settings, workers=workers, challenger=True) as made:
        url = f"http://127.0.0.1:{made.port}"
        asked = list(questions(made.swapped.customer_ids, key, count=4_000))
        for _ in range(PARTS):
            made.swapped.write()
            seen = tenth(asked, port=made.port, connections=connections, count=requests // PARTS, chunk=chunk)
            parts.append({**seen.plain(), **look(made, url)})
        shadow = sum(each.stat().st_size for each in (var / "shadow").iterdir())
    return {**judged(parts), "shadow_kb": round(shadow / 1e3), "parts": parts}


def judged(parts: Sequence[Look]) -> dict[str, Any]:
    """Say how far things grew from the first tenth to the last, and whether that is within bounds."""
    first, last = parts[0], parts[-1]
    grown = {name: [b - a for a, b in zip(first[name], last[name], strict=True)] for name in ("rss_mb", "files")}
    statuses = sum((Counter(each["statuses"]) for each in parts), Counter[str]())
    kept = {
        "statuses": set(statuses) <= KNOWN,
        "memory": max(grown["rss_mb"]) <= GROWTH_MB,
        "files": max(grown["files"]) <= 0,
        "threads": max(last["threads"]) <= max(first["threads"]) + 1,
        "series": last["series"] == first["series"],
        "log": last["log_kb"] - first["log_kb"] <= 2 * len(parts),  # a line a worker, model and swap
        "audit": last["audit_lost"] == 0,
    }
    return {
        "requests": sum(each["requests"] for each in parts),
        "per_second": round(float(np.mean([each["per_second"] for each in parts])), 1),
        "statuses": dict(sorted(statuses.items())),
        "rss_mb at 10, 50, 100 %": [parts[at]["rss_mb"] for at in (0, len(parts) // 2 - 1, -1)],
        "rss_mb_grown": [round(each, 1) for each in grown["rss_mb"]],
        "p99_ms of the first and the last tenth": [first["p99_ms"], last["p99_ms"]],
        "kept": kept,
    }


def main() -> None:
    """Ask, print what came, and write soak.json."""
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.serving.soak", description=__doc__)
    flags.add_argument("--requests", type=int, default=HALF_AN_HOUR, help="by default %(default)s")
    flags.add_argument("--workers", type=int, default=2)
    flags.add_argument("--connections", type=int, default=8)
    flags.add_argument("--to", type=Path, default=HERE / "soak.json")
    said = flags.parse_args()
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    begun, before = time.monotonic(), os.getloadavg()[1]
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), requests=said.requests, workers=said.workers, connections=said.connections)
    minutes = round((time.monotonic() - begun) / 60, 1)
    told = {"half_an_hour_at_per_second": 500, "load_before": round(before, 2), "minutes": minutes}
    print(json.dumps({**told, **found}, indent=1))
    write(said.to, {**told, **found}, peers=PEERS)


if __name__ == "__main__":
    main()
