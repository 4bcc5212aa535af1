"""One worker of the service: everything it holds, made from its settings."""

import asyncio
import gc
import logging
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import Final

import msgspec

from configs.service import ServiceSettings
from configs.settings import Settings
from serving.api.app import Api
from serving.api.guard import Guard
from serving.history import warm
from serving.live.packed import read_pack
from serving.live.remembering import Remembering
from serving.live.snapshot import Snapshot
from serving.live.source import FromPack, FromRegistry, Source
from serving.live.watch import State, Watch
from serving.metrics import Metrics
from serving.safety.audit import Audit, kept_on
from serving.safety.key_ring import KeyRing
from serving.safety.rate import Limits
from serving.scorer import Scorer
from serving.shadow import Compared, Shadow
from serving.store.opened import store_of

logger = logging.getLogger(__name__)
_THRESHOLDS: Final = (50_000, 20, 50)
"""Of the collector: requests make little garbage, and walking what was loaded costs milliseconds."""


class Worker:
    """Scorer, watch and HTTP application of one process."""

    def __init__(self, settings: Settings, service: ServiceSettings) -> None:
        self.service = service
        self.metrics = Metrics()
        ring = KeyRing(settings.keys) if settings.keys else None
        kept = kept_on(service.audit_gb * 1e9)
        audit, self.log = (Audit(settings.var / name, name=name, kept=kept) for name in ("audit", "shadow"))
        self.logs = {"audit": audit, "shadow": self.log}
        self.guard = Guard(ring, Limits(workers=service.workers), audit, self.metrics)
        self.shadow = Shadow(share=service.shadow, told=self._compared)
        self.scorer = Scorer(Snapshot({}), max_age_days=service.max_age_days, shadow=self.shadow)
        self.watch = Watch(
            source_of(settings, service), store_of(settings.store), self.scorer.take, counted=self.metrics.watched
        )
        self.api = Api(self.scorer, self.guard, self.metrics, ready=self.ready, seconds=service.timeout_seconds)
        self._watching: asyncio.Task[None] | None = None
        self._dropped, self._settled = 0, False
        self._deleted = dict.fromkeys(self.logs, 0)
        self.remote = settings.pack is None and "://" in settings.mlflow and not settings.mlflow.startswith("sqlite")

    async def start(self) -> None:
        """Load what is current, and keep it so.

        While the registry's server is away, the worker starts, not ready; else raises `LookupError` where there is no
        model to serve.
        """
        self.metrics.bury()
        await self.watch.refresh()
        if self.scorer.snapshot.models:
            await asyncio.to_thread(self._settle)
        elif self.remote and self.watch.state.source_away:
            logger.warning("not ready: %s; it is asked again", self.watch.state.source_away)
        else:
            waiting = "; ".join(self.watch.state.waiting.values()) or self.watch.state.source_away
            dataset = self.service.dataset or "any dataset"
            raise LookupError(f"no champion of {dataset}; run `augury train` first" + f" ({waiting})" * bool(waiting))
        self._looked()
        self._watching = asyncio.create_task(self.watch.run(every=self.service.poll_seconds, looked=self._looked))

    async def stop(self) -> None:
        """Let go of everything; what was to be written is."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        self.watch.close()
        self.shadow.close()
        self.log.close()
        self.guard.close()
        self.metrics.bury()

    def ready(self) -> tuple[bool, bytes]:
        """Tell whether scores can be given, and what is not as it should be: where there are keys, no names of it."""
        state, snapshot = self.watch.state, self.scorer.snapshot
        if self.guard.ring is not None:
            return bool(snapshot.models), msgspec.json.encode(_in_public(bool(snapshot.models), state))
        told = {
            "ready": bool(snapshot.models),
            "models": {
                name: {
                    "version": live.registered.version,
                    "generation": live.held.generation.number if live.held else None,
                    "cutoff": live.cutoff,
                }
                for name, live in snapshot.models.items()
            },
            "challengers": {name: live.registered.version for name, live in snapshot.challengers.items()},
            "waiting": dict(state.waiting),
            "registry": state.source_away or "ok",
            "store": state.store_away or "ok",
        }
        return bool(snapshot.models), msgspec.json.encode(told)

    def _settle(self) -> None:
        """Make all that first answers would make, and let the collector walk it no more."""
        self._settled = True
        warm([each.registered.artifact for each in self.scorer.snapshot.models.values()])
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)

    def _looked(self) -> None:
        """Tell the metrics what is live, and how old its features are."""
        state, snapshot, now = self.watch.state, self.scorer.snapshot, datetime.now(UTC)
        for alias, models in (("champion", snapshot.models), ("challenger", snapshot.challengers)):
            self.metrics.live(alias, {name: live.registered.version for name, live in models.items()})
        held = {name: live for name, live in snapshot.models.items() if live.held is not None}
        self.metrics.aged({name: live.age(now).total_seconds() for name, live in held.items()})
        dropped = self.shadow.dropped + self.log.dropped + self.log.lost
        self.metrics.shadow_dropped.inc(dropped - self._dropped)
        self._dropped = dropped
        for name, log in self.logs.items():
            deleted = log.deleted
            self.metrics.deleted(name, deleted - self._deleted[name])
            self._deleted[name] = deleted
        if snapshot.models and not self._settled:
            Thread(target=self._settle, name="settling", daemon=True).start()
        well = snapshot.models and not (state.waiting or state.source_away or state.store_away)
        self.metrics.ready.set(1 if well else 0)

    def _compared(self, compared: Compared) -> None:
        self.metrics.shadowed(compared.model, abs(compared.shadow - compared.score))
        self.log.note(compared)


def _in_public(ready: bool, state: State) -> dict[str, object]:
    """What everybody may know, who needs no key for it."""
    away = {"registry": state.source_away, "store": state.store_away}
    told = {name: "away" if why else "ok" for name, why in away.items()}
    return {"ready": ready, "waiting": len(state.waiting), **told}


def source_of(settings: Settings, service: ServiceSettings) -> Source:
    """Give the pack where one is named, else the registry. Raises `LookupError` where the pack has none to serve."""
    if settings.pack is not None:
        packed = [each for each in read_pack(settings.pack) if service.dataset in (None, each.artifact.dataset)]
        if not packed:
            raise LookupError(f"no model of the pack {settings.pack} is of {service.dataset}; pack its champions")
        return FromPack(packed)
    return Remembering(
        FromRegistry(settings.mlflow, dataset=service.dataset), settings.var / "live" / (service.dataset or "all")
    )
