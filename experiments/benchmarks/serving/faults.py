"""All that may happen to a service, under load: `python -m experiments.benchmarks.serving.faults`, about 90 seconds.

Champions and batches are swapped, workers killed, the registry and the store taken away and returned, while connections
ask and hold every answer against what belongs together. Once with a database file and a folder as the store, once with
an MLflow server and Redis.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from configs.service import ServiceSettings
from configs.settings import SILENCE, Settings
from experiments.benchmarks.record import write
from experiments.benchmarks.serving.asking import PATIENCE, Asking, Broken, Refused, Seen
from experiments.benchmarks.serving.deployment import DATASET
from experiments.benchmarks.serving.outside import Outside, mlflow_server, redis_server
from experiments.benchmarks.serving.process import Command, served
from experiments.benchmarks.serving.swapped import Swapped, make
from experiments.benchmarks.serving.workers import Killing, Workers, kill
from experiments.server import command, environment, free_port

HERE: Final = Path(__file__).parent
POLL: Final = 0.2
"""Seconds between a worker's looks at registry and store."""
AFTER: Final = 3.0
"""Seconds after which it must be noticed that something is back."""
BETWEEN: Final = 2.0
"""Seconds between batches while the registry is away: each look waits for it a second, and Redis keeps two batches."""
AT_ONCE: Final = 0.5
"""Seconds within which a connection to a killed worker breaks."""
PEERS: Final = ("bentoml", "lmdb", "mlflow", "redis", "uvicorn")


@dataclass
class Away:
    """When something was away: from and to, by `time.monotonic`."""

    spans: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Put down the time of a block."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.spans.append((begun, time.monotonic()))

    def explains(self, refused: Refused) -> bool:
        """Tell whether an answer is the one that is documented for this."""
        return (refused.status, refused.code) == (503, "store_away") and self.about(refused.at)

    def about(self, at: float) -> bool:
        """Tell whether it was away at an instant, or shortly before."""
        return any(begun <= at <= end + AFTER for begun, end in self.spans)


@dataclass
class Trial:
    """One service under load, with what happens to it."""

    swapped: Swapped
    workers: Workers
    port: int
    registry_away: Away = field(default_factory=Away)
    store_away: Away = field(default_factory=Away)
    outage: float = 0.0

    def run(
        self,
        *,
        seconds: float,
        swaps: int,
        every: float,
        connections: int,
        outside: Mapping[int, Callable[[], None]],
        all_at_the_end: bool = True,
    ) -> dict[str, Any]:
        """Swap models and batches in turn, so many each; `outside` happens before the swaps of these places.

        Meanwhile a worker is killed `every` so many seconds where another one is ready, and at the end all.
        """
        pause = seconds / (2 * swaps)
        with Asking(self.swapped, port=self.port, connections=connections) as asking:
            with Killing(self.workers, every) as killing:
                for place in range(swaps):
                    outside.get(place, lambda: None)()
                    for swap in (self.swapped.promote, self.swapped.write):
                        swap()
                        time.sleep(pause)
            if all_at_the_end:
                self._kill_all(asking.seen, killing)
        return told(self, asking.seen, killing)

    def without_registry(self, registry: Outside) -> None:
        """Take the registry away while batches go on, and return it."""
        with self.registry_away.noted():
            registry.kill()
            for _ in range(2):
                self.swapped.write()
                time.sleep(BETWEEN)
            registry.start()

    def without_store(self, store: Outside) -> None:
        """Take the store away twice: killed, and hanging."""
        with self.store_away.noted():
            store.kill()
            time.sleep(1.5)
            store.start()
        time.sleep(1.0)
        with self.store_away.noted():
            store.freeze()
            time.sleep(1.5)
            store.thaw()

    def _kill_all(self, seen: Seen, killing: Killing) -> None:
        """Kill all workers at once, and wait until somebody answers again."""
        begun = time.monotonic()
        for pid in self.workers.ready():
            kill(pid)
            killing.kills.append(time.monotonic())
        time.sleep(AT_ONCE)
        before = seen.answers
        while seen.answers == before and time.monotonic() < begun + PATIENCE:
            time.sleep(0.05)
        self.outage = time.monotonic() - begun


def told(trial: Trial, seen: Seen, killing: Killing) -> dict[str, Any]:
    """Tell of a trial as plain data; `kept` where nothing is wrong and every error is one that is documented."""
    odd = [each for each in seen.refused if not trial.store_away.explains(each)]
    alone = [each for each in seen.broken if not _explained(each, seen, killing)]
    cuts = np.quantile(seen.latencies, (0.5, 0.99, 1.0)) * 1e3
    lag = lags(trial, seen)
    away = {"registry_away_s": trial.registry_away, "store_away_s": trial.store_away}
    return {
        "answers": seen.answers,
        "scores": seen.scores,
        "p50_ms, p99_ms, longest_ms": [round(float(cut), 2) for cut in cuts],
        "swaps": {"models": len(trial.swapped.promoted) - 1, "batches": len(trial.swapped.written) - 1},
        "moments_answered": len(seen.told),
        "until_all_answer_anew_s": {name: round(max(each, default=0.0), 2) for name, each in lag.items()},
        "kills": len(killing.kills),
        "until_replaced_s": [round(each, 1) for each in killing.returns],
        "all_killed_until_answered_s": round(trial.outage, 1),
        **{name: [round(end - begun, 1) for begun, end in each.spans] for name, each in away.items()},
        "wrong": seen.wrong_answers,
        "wrong_first": seen.wrong,
        "hung": seen.hung,
        "store_away": len(seen.refused) - len(odd),
        "other_errors": dict(Counter(f"{each.status} {each.code}" for each in odd)),
        "broken_by_kills": len(seen.broken) - len(alone),
        "broken_else": dict(Counter(each.how for each in alone)),
        "kept": not (seen.wrong_answers or seen.hung or odd or alone),
    }


def lags(trial: Trial, seen: Seen) -> dict[str, list[float]]:
    """Give how long after a swap each answer that is still of what was before had been asked, in seconds.

    Of models those are left out that were asked while the registry was away, and of batches while the store was.
    """
    written, promoted = trial.swapped.written, trial.swapped.promoted
    place = {cutoff: number for number, (_, cutoff) in enumerate(written)}
    promotions = np.array([at for at, _ in promoted])
    models, batches = [], []
    for sent, version, cutoff in seen.stale:
        latest = int(np.searchsorted(promotions, sent)) - 1
        if latest >= 0 and promoted[latest][1] != version and not trial.registry_away.about(sent):
            models.append(sent - promoted[latest][0])
        newer = place.get(cutoff, len(written)) + 1
        if newer < len(written) and written[newer][0] < sent and not trial.store_away.about(sent):
            batches.append(sent - written[newer][0])
    return {"models": models, "batches": batches}


def _explained(broken: Broken, seen: Seen, killing: Killing) -> bool:
    """Tell whether a connection broke because its worker was killed, which then never answers again."""
    silent = seen.workers.get(broken.worker, 0.0) <= broken.at + 0.05
    return silent and any(at - AT_ONCE <= broken.at <= at + AT_ONCE for at in killing.kills)


@contextmanager
def trial(settings: Settings, *, workers: int, challenger: bool = False) -> Iterator[Trial]:
    """Make a deployment and run its service."""
    swapped, port = make(settings, challenger=challenger), free_port()
    service = ServiceSettings(dataset=DATASET, poll_seconds=POLL, workers=workers)
    line = Command(command(host="127.0.0.1", port=port), environment(settings, service, port=port), "/readyz")
    log = settings.var / "service.log"
    with served(line, port=port, log=log, core=os.sched_getaffinity(0)) as supervisor:
        watched = Workers(supervisor, log)
        deadline = time.monotonic() + 60
        while len(watched.ready()) < workers and time.monotonic() < deadline:
            time.sleep(0.1)
        yield Trial(swapped, watched, port)


def of_files(var: Path, *, workers: int, **asked: Any) -> dict[str, Any]:
    """Try a service whose registry is a database file and whose store is a folder: neither can be away."""
    with trial(Settings(var, f"sqlite:///{var / 'mlflow.db'}"), workers=workers) as made:
        return made.run(outside={}, **asked)


def of_servers(var: Path, *, workers: int, swaps: int, **asked: Any) -> dict[str, Any]:
    """Try a service with an MLflow server and Redis, which are taken away and returned."""
    with (
        mlflow_server(var) as (registry, mlflow),
        redis_server(var) as (redis, store),
        trial(Settings(var, mlflow, named_store=store), workers=workers) as made,
    ):
        outside = {
            swaps // 3: lambda: made.without_registry(registry),
            2 * swaps // 3: lambda: made.without_store(redis),
        }
        return made.run(outside=outside, swaps=swaps, **asked)


def main() -> None:
    """Try both, print what came, and write faults.json."""
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.serving.faults", description=__doc__)
    flags.add_argument("--seconds", type=float, default=40.0, help="of swaps in each trial (by default %(default)s)")
    flags.add_argument("--swaps", type=int, default=20, help="of models, and as many of batches")
    flags.add_argument("--workers", type=int, default=3)
    flags.add_argument("--every", type=float, default=3.0, help="seconds between kills, where another worker is ready")
    flags.add_argument("--connections", type=int, default=8)
    flags.add_argument("--to", type=Path, default=HERE / "faults.json")
    said = flags.parse_args()
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    asked = {name: value for name, value in vars(said).items() if name != "to"}
    found: dict[str, Any] = {"asked": asked, "load_before": round(os.getloadavg()[1], 2)}
    for name, tried in (("files", of_files), ("servers", of_servers)):
        with tempfile.TemporaryDirectory() as folder:
            found[name] = tried(Path(folder), **asked)
        print(name, found[name])
    write(said.to, found, peers=PEERS)


if __name__ == "__main__":
    main()
