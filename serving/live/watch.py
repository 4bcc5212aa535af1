"""Keeps the snapshot new: asks the registry and the store what is current, and goes over only to what is right."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from models.registry import Registered
from serving.block import Held
from serving.live.errands import Errands, NotYet
from serving.live.golden import NotGolden, check_golden
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.live.source import Source, SourceAway, Versions
from serving.live.unreadable import Unreadable
from serving.store.store import Block, NotAsWritten, Store, StoreAway
from serving.suppression import BLOCK as SUPPRESSED

T = TypeVar("T")
PATIENCE: Final = 1.0
"""Seconds that a look waits for the registry: while it is slow, batches are swapped all the same."""
SLOW: Final = f"the registry has not answered for {PATIENCE:g} s"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """How the service stands: what is away, and why a model is not what the registry or the store say."""

    source_away: str | None = None
    store_away: str | None = None
    waiting: Mapping[str, str] = field(default_factory=dict)


class Watch:
    """Makes snapshots from a source and a store; hands each that differs to `take`.

    `counted` is called with what happened ("registry" or "store" was away; a model was "swapped" or "refused") and the
    model's name.
    """

    def __init__(
        self, source: Source, store: Store, take: Callable[[Snapshot], None], *, counted: Callable[[str, str], None]
    ) -> None:
        self.source, self.store, self.take, self.counted = source, store, take, counted
        self.snapshot = Snapshot({})
        self.state = State()
        self.opened: dict[str, Held] = {}
        self.refused: Mapping[tuple[str, str], str] = {}
        self.loaded: Mapping[tuple[str, str], Registered] = {}
        self._errands, self._asked = Errands("registry"), set[Hashable]()
        self._versions: Versions | None = None

    async def run(self, *, every: float, looked: Callable[[], None] = lambda: None) -> None:
        """Look every so many seconds, until it is cancelled; `looked` is called after each look."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.refresh()
                looked()
            except Exception:
                logger.exception("the watch could not look; what is live stays")

    async def refresh(self) -> None:
        """Look once, and go over to what is new and right; who must not be scored waits for no model."""
        made = _Made(self)
        suppressed = await made.suppressed(self.snapshot.suppressed)
        if self.snapshot.models:
            self._go_over(replace(self.snapshot, suppressed=suppressed))
        made.versions, source_away = await self._seen_versions()
        champions = await made.all_of("champion", self.snapshot.models)
        challengers = await made.all_of("challenger", self.snapshot.challengers)
        self.state, self.refused = State(source_away, made.store_away, made.waiting), made.refused
        self.loaded = made.loaded
        self._errands.drop(but=self._asked)
        self._asked = set()
        if self._go_over(Snapshot(champions, challengers, suppressed)):
            self.source.keep([each.registered for each in (*champions.values(), *challengers.values())])

    def _go_over(self, snapshot: Snapshot) -> bool:
        """Let a snapshot answer from now on; tells whether it is another one."""
        if snapshot == self.snapshot:
            return False
        self.snapshot = snapshot
        self.take(snapshot)
        return True

    async def ask(self, errand: Callable[[], T], *, key: Hashable) -> T:
        """Ask the source; who is served already is not kept waiting. Raises `NotYet`, and what the errand raises."""
        self._asked.add(key)
        return await self._errands.run(errand, key=key, seconds=PATIENCE if self.snapshot.models else None)

    def close(self) -> None:
        """Ask the source for no more."""
        self._errands.close()

    async def _seen_versions(self) -> tuple[Versions, str | None]:
        """Give the versions that the source tells, or the last that it told, and why it tells none now."""
        try:
            self._versions = await self.ask(self.source.versions, key="versions")
        except NotYet:
            self.counted("registry", "")
            return self._versions or {}, SLOW
        except SourceAway as error:
            self.counted("registry", "")
            self._versions = self._versions or error.remembered
            return self._versions, str(error)
        return self._versions, None


@dataclass
class _Made:
    """One look: what it found, and what it had to leave as it was."""

    watch: Watch
    versions: Versions = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    store_away: str | None = None
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    """What was not right, by model and version, or by block and generation, and why: it is not looked at again."""
    loaded: dict[tuple[str, str], Registered] = field(default_factory=dict)
    """By name and version, what there is now, live or not: it is not loaded again."""

    async def all_of(self, alias: str, before: Mapping[str, Live]) -> dict[str, Live]:
        """Make the live models of an alias; one that cannot be made stays what it was."""
        made: dict[str, Live] = {}
        for name, aliases in self.versions.items():
            version = aliases.get(alias)  # type: ignore[call-overload]  # either of the two
            if version is None:
                continue
            live = await self._one(name, version, before.get(name), needs_batch=alias == "challenger")
            if live is not None:
                made[name] = live
        return made

    async def suppressed(self, before: Block | None) -> Block | None:
        """Open the list of those who must not be scored; while nobody can tell who they are, nobody is."""
        try:
            return await self.block(SUPPRESSED, None if isinstance(before, Unreadable) else before)
        except StoreAway as error:
            return before if isinstance(before, Unreadable) else Unreadable(str(error))

    async def _one(self, name: str, version: str, before: Live | None, *, needs_batch: bool) -> Live | None:
        """Make a version live; where that cannot be now, what was live goes on, with the batch that is current."""
        live: Live | None
        try:
            registered = await self._registered(name, version, before)
            live = await self._checked(registered, before, needs_batch=needs_batch)
        except NotYet:
            self.waiting[name] = f"version {version} is being fetched"
            live = await self._goes_on(version, before)
        except (SourceAway, StoreAway, ValueError) as error:
            self._note(name, error)
            live = await self._goes_on(version, before)
        if live is None or live is before:
            return live
        if before is not None:
            self.watch.counted("swapped", name)
        logger.info("%s version %s is live", name, live.registered.version)
        return live

    async def _goes_on(self, version: str, before: Live | None) -> Live | None:
        """Let the version that is live follow the batches while another cannot be; where that cannot be, keep both."""
        if before is None or before.registered.version == version:
            return before
        try:
            return await self._checked(before.registered, before)
        except (StoreAway, ValueError):
            return before

    async def _checked(self, registered: Registered, before: Live | None, *, needs_batch: bool = False) -> Live | None:
        """Put a version and its batch together, and ask golden rows; None where it needs a batch that is not there.

        Raises `NotGolden`, `WaitsForBatch` and `StoreAway`.
        """
        live = await self._candidate(registered, before)
        if needs_batch and live.held is None:
            return None
        if live is not before:
            await self._golden(live)
        return live

    async def _golden(self, live: Live) -> None:
        """Ask golden rows, once of a version and a batch. Raises `NotGolden` and `StoreAway`."""
        number = live.held.generation.number if live.held else ""
        with self._once(live.name, f"{live.registered.version}/{number}", NotGolden):
            await _asked_golden(live)

    @contextmanager
    def _once(self, name: str, which: str, error: type[Exception]) -> Iterator[None]:
        """Note that something is not right; what is noted already is refused for the same reason."""
        key = name, which
        told = self.watch.refused.get(key) or self.refused.get(key)
        if told is not None:
            self.refused[key] = told
            raise error(told)
        try:
            yield
        except error as wrong:
            self.refused[key] = str(wrong)
            raise

    async def _registered(self, name: str, version: str, before: Live | None) -> Registered:
        """Load a version; one that is live is at hand. Raises `SourceAway`, `NotYet` and `ValueError`."""
        if before is not None and before.registered.version == version:
            return before.registered
        key = name, version
        found = self.loaded.get(key) or self.watch.loaded.get(key)
        if found is None:
            found = await self.watch.ask(partial(self.watch.source.load, name, version), key=key)
        self.loaded[key] = found
        return found

    async def _candidate(self, registered: Registered, before: Live | None) -> Live:
        """Put a version and the store's current batch together; `before` itself where neither is new."""
        name = registered.artifact.name
        try:
            held = await self.held(name)
        except StoreAway as error:
            return (
                before
                if before is not None and before.registered is registered
                else Live(registered, None, away=str(error))
            )
        if before is not None and before.registered is registered and held is before.held and before.away is None:
            return before
        lacks = held.lacks(registered.artifact) if held else None
        if lacks is None:
            return Live(registered, held)
        if before is None:
            self.waiting[name] = lacks
            return Live(registered, None)
        raise WaitsForBatch(f"version {registered.version} waits for its batch: {lacks}")

    async def held(self, name: str) -> Held | None:
        """Open the current batch of a model, or keep the one that is open; champion and challenger share it."""
        opened = self.watch.opened.get(name)
        block = await self.block(name, opened.block if opened else None)
        if block is None:
            return None
        if opened is None or block is not opened.block:
            opened = self.watch.opened[name] = Held.of(block)
        return opened

    async def block(self, name: str, before: Block | None) -> Block | None:
        """Open a current block, or keep the one that is open where it is current or the store is away.

        Raises `StoreAway` where none is open.
        """
        try:
            current = await asyncio.to_thread(self.watch.store.current, name)
            if current is None and before is not None:
                raise StoreAway(f"the block {name} is gone from the store")
            if current is None:
                return None
            if before is not None and before.generation.number == current.number:
                return before
            opened = await asyncio.to_thread(self.watch.store.open, name)
            if opened is not None:
                with self._once(name, opened.generation.number, NotAsWritten):
                    await asyncio.to_thread(opened.verify)
            return opened
        except StoreAway as error:
            self.watch.counted("store", name)
            self.store_away = str(error)
            if before is None:
                raise
            return before

    def _note(self, name: str, error: Exception) -> None:
        """Put down why a model is not what it should be; told once."""
        if self.watch.state.waiting.get(name) != str(error):
            self.watch.counted("refused", name)
            logger.warning("%s stays as it is: %s", name, error)
        self.waiting[name] = str(error)


class WaitsForBatch(ValueError):
    """A version whose features no batch has yet."""


async def _asked_golden(live: Live) -> None:
    """Ask golden rows. Raises `NotGolden` and `StoreAway`."""
    golden: list[str] = list(live.held.generation.about["golden"]) if live.held else []
    rows = await live.rows(golden) if golden else []
    if any(row is None for row in rows):
        raise NotGolden(f"the batch of {live.name} does not hold its own golden customers; write it anew")
    await asyncio.to_thread(check_golden, live, golden, [row for row in rows if row is not None])
