"""`augury score` and `augury suppress`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from configs.settings import Settings
from experiments.instant import instant
from experiments.progress import rows as rows_bar
from experiments.runs import Deployment, history_of
from models.contract import Explained
from models.registry import NotRegistered, Registered
from serving.batch.destinations import Destination, Folders, destination
from serving.batch.groups import of_history, of_rows
from serving.batch.manifest import Manifest
from serving.batch.place import Place
from serving.batch.question import Asked, Group
from serving.batch.run import Told
from serving.batch.workspace import workspace
from serving.store.opened import store_of
from serving.suppression import Suppressions, barred_beside, check_listed, write_suppressed


@dataclass(frozen=True)
class Said:
    """What is asked for, as it is typed."""

    cutoff: str | None = None
    dataset: str | None = None
    rows: str | None = None
    to: str | None = None
    reasons: int = 0
    suppress: Path | None = None


def score(names: Sequence[str], said: Said, *, settings: Settings) -> None:
    """Score by some champions, or by all, and print where it lies."""
    started = time.perf_counter()
    if said.rows and (said.cutoff or said.dataset):
        raise ValueError("--rows bring features and cutoffs of their own; leave --cutoff and --dataset out")
    at = None if said.cutoff is None else instant(said.cutoff)
    deployment = Deployment.open(settings)
    to = _destination(said, names, settings)
    with rows_bar(f"score {', '.join(names) or 'all champions'}") as told:
        told("load the champions", 0, 0)
        models = _models(deployment, names, said.dataset)
        groups = _groups(models, said, at, to or Folders(settings.scored), told)
        asked = Asked(_reasons(models, said.reasons, named=bool(names)), deployment.suppressed(said.suppress))
        made = deployment.batch(groups, asked, to=to, told=told)
    for each in made:
        _say(each, str(Place.read(said.to)) if said.to else str(settings.scored(each["model"])))
    rows, seconds = sum(each["rows"] for each in made), time.perf_counter() - started
    Console().print(f"{rows} rows in {seconds:.1f} s: {rows / seconds:,.0f} rows/s", highlight=False)


def suppress(file: Path, *, settings: Settings, replace: bool = False) -> None:
    """Add a file to the list of those who may not be scored, or make it the whole list; the service hears of it."""
    deployment, store = Deployment.open(settings), store_of(settings.store)
    with workspace(settings.var / ".suppressed", of="the list of those who may not be scored"):
        named, before = Suppressions.read(file), deployment.listed()
        listed = named if replace else before | named
        released = max(len(before.reasons.keys() - listed.reasons.keys()), barred_beside(store, listed))
        if not replace:
            check_listed(store, listed)
        listed.write(deployment.suppressed_file)
        write_suppressed(store, listed)
    counts = pd.Series(listed.reasons, dtype="str").value_counts()
    told = ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "nobody"
    Console().print(f"suppressed from now on: {told}", highlight=False)
    if replace:
        Console().print(f"{released} who were on the list before are no longer", highlight=False)


def _destination(said: Said, names: Sequence[str], settings: Settings) -> Destination | None:
    if said.to is None:
        return None
    return destination(said.to, names=list(dict.fromkeys(names)), folder=settings.var / "batches")


def _models(deployment: Deployment, names: Sequence[str], dataset: str | None) -> list[Registered]:
    """Load the champions that are named, or all (of a dataset)."""
    if names:
        return [deployment.registry.load(name) for name in dict.fromkeys(names)]
    found = deployment.registry.champions(None if dataset is None else Path(dataset).stem)
    if not found:
        of = "" if dataset is None else f" of the dataset {dataset}"
        raise NotRegistered(f"there is no champion{of}; train one: `augury train STUDY`")
    return found


def _groups(
    models: Sequence[Registered], said: Said, at: pd.Timestamp | None, to: Destination, told: Told
) -> list[Group]:
    if said.rows is not None:
        folder = to.workspace(models[0].artifact.name) / "copied"
        return of_rows(Place.read(said.rows), models, folder=folder, keeps_frame=said.to is None)
    groups: list[Group] = []
    for place, those in _by_dataset(models, said.dataset).items():
        told(f"load {place}", 0, 0)
        history = history_of(those[0], said.dataset)
        groups += of_history(history, those, cutoff=at or history.end)
    return groups


def _by_dataset(models: Sequence[Registered], dataset: str | None) -> dict[str, list[Registered]]:
    found: dict[str, list[Registered]] = {}
    for each in models:
        place = dataset or each.artifact.provenance.get("dataset", each.artifact.dataset)
        found.setdefault(place, []).append(each)
    return found


def _reasons(models: Sequence[Registered], top: int, *, named: bool) -> dict[str, int]:
    """Ask all that are named for reasons, and of all champions those that can give some."""
    return {each.artifact.name: top for each in models if named or isinstance(each.artifact.model, Explained)}


def _say(told: Manifest, where: str) -> None:
    out = sum(told["suppressed"].values())
    left = f" ({out} customers suppressed)" if out else ""
    said = f"{told['rows']} scores of {told['model']} version {told['version']}{left}: {where}"
    Console().print(said, soft_wrap=True, highlight=False)
