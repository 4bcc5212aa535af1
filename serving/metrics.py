"""What the service counts, for Prometheus. Labels are route templates, models, versions, keys' ids: never customers.

Where `PROMETHEUS_MULTIPROC_DIR` names a folder (BentoML makes one at each start) all workers count together.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

T = TypeVar("T", Counter, Gauge, Histogram)
SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
DIFFERENCES: Final = (0.0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0, 100.0)
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """The metrics of one process; make one alone."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.registry = registry
        self._live: set[tuple[str, str, str]] = set()
        self._aged: set[str] = set()
        self._cells: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self.requests = self._counter("augury_requests", "requests answered", "route", "status", "key")
        self.seconds = Histogram(
            "augury_request_seconds", "time to answer", ("route",), buckets=SECONDS, registry=registry
        )
        self.scores = self._counter("augury_scores", "scores given", "model", "version")
        self.refusals = self._counter("augury_refusals", "refusals given", "model", "reason")
        self.swaps = self._counter("augury_swaps", "changes of what is live", "model", "outcome")
        self.audit_dropped = self._counter("augury_audit_dropped", "lines the audit log could not take")
        self.shadow_dropped = self._counter("augury_shadow_dropped", "requests and lines the shadow could not take")
        self.log_deleted = self._counter("augury_log_deleted", "files deleted, as the log's disk was full", "log")
        self.rate_limited = self._counter("augury_rate_limited", "requests over a key's rate", "key")
        self.store_errors = self._counter("augury_store_errors", "times the store was away")
        self.registry_errors = self._counter("augury_registry_errors", "times the registry was away")
        self.age = self._gauge("augury_feature_age_seconds", "age of a model's features", "model", of="livemax")
        self.versions = self._gauge(
            "augury_model_version_info", "1 for what is live", "model", "version", "alias", of="livemax"
        )
        self.ready = self._gauge("augury_ready", "1 while every champion is live and current", of="livemin")
        self.shadow = Histogram(
            "augury_shadow_difference",
            "challenger's score minus champion's, without sign",
            ("model",),
            buckets=DIFFERENCES,
            registry=registry,
        )

    def answered(self, route: str, status: int, key: str, seconds: float) -> None:
        """Count a request that was answered."""
        self._cell(self.requests, route, str(status), key).inc()
        self._cell(self.seconds, route).observe(seconds)

    def scored(self, model: str, version: str, count: int) -> None:
        """Count scores."""
        self._cell(self.scores, model, version).inc(count)

    def refused(self, model: str, reason: str, count: int) -> None:
        """Count refusals."""
        self._cell(self.refusals, model, reason).inc(count)

    def limited(self, key: str) -> None:
        """Count a request over its key's rate."""
        self._cell(self.rate_limited, key).inc()

    def deleted(self, log: str, files: int) -> None:
        """Count files of a log that were deleted to make place."""
        self._cell(self.log_deleted, log).inc(files)

    def shadowed(self, model: str, difference: float) -> None:
        """Count how far a challenger's score is from the champion's."""
        self._cell(self.shadow, model).observe(difference)

    def watched(self, what: str, model: str) -> None:
        """Count what a look at registry and store ended in: "registry" or "store" away, or an outcome of a model."""
        if what == "registry":
            self.registry_errors.inc()
        elif what == "store":
            self.store_errors.inc()
        else:
            self._cell(self.swaps, model, what).inc()

    def live(self, alias: str, versions: Mapping[str, str]) -> None:
        """Say which versions are live; others that were are no more."""
        now = {(name, version, alias) for name, version in versions.items()}
        for labels in {each for each in self._live if each[2] == alias} - now:
            self._cell(self.versions, *labels).set(0)
            self._live.discard(labels)
        for labels in now:
            self._cell(self.versions, *labels).set(1)
        self._live |= now

    def aged(self, seconds: Mapping[str, float]) -> None:
        """Say how old the models' features are; those of others that had some are of no age from now on.

        That is -Inf, so that the age that another worker tells is greater: NaN is neither greater nor smaller.
        """
        for model in self._aged | seconds.keys():
            self._cell(self.age, model).set(seconds.get(model, -math.inf))
        self._aged = set(seconds)

    def _cell(self, metric: T, *labels: str) -> T:
        """Find a metric's own counter of some labels, many times faster than the library's `labels`."""
        key = (metric, labels)
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = metric.labels(*labels)
        typed: T = found
        return typed

    def text(self) -> bytes:
        """Give everything in Prometheus' text format, of all workers."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        gathered = CollectorRegistry()
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]  # the library's
        return generate_latest(gathered)

    def bury(self) -> None:
        """Take away what workers that run no more said of now. What they counted stays, a few files of each."""
        if FOLDER not in os.environ:
            return
        for process in {int(path.stem.rpartition("_")[2]) for path in Path(os.environ[FOLDER]).glob("*_*.db")}:
            if not _runs(process):
                mark_process_dead(process)  # type: ignore[no-untyped-call]  # the library's

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str, of: Literal["livemin", "livemax"]) -> Gauge:
        """Make a gauge; what workers that run tell differently is its least or its greatest, whoever spoke last."""
        return Gauge(name, meaning, labels, registry=self.registry, multiprocess_mode=of)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
