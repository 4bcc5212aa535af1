"""What the commands do: train, score and watch, with the registry and folders of a deployment."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from configs.settings import Settings
from configs.study import Campaign as CampaignFile
from experiments.pages import write_pages
from experiments.study import Prepared
from features.datasets import load
from features.history import History
from features.library import FEATURES
from features.nobody import NobodyAsked
from models.money import Campaign
from models.registry import Alias, ModelRegistry, NotRegistered, Registered
from models.registry.promotion import champion_of
from models.registry.runs import read_record
from serving.batch import batch_frame
from serving.batch.destinations import Destination, Folders
from serving.batch.groups import of_history
from serving.batch.manifest import Manifest
from serving.batch.question import Asked, Group
from serving.batch.run import Told, run
from serving.batch.to_store import to_store
from serving.drift import Report, drift
from serving.store.opened import store_of
from serving.suppression import Suppressions, check_listed, keep_in_step
from training.judge import Judged
from training.record import Worth, record
from training.track import track
from training.tune import storage_at, tune


@dataclass(frozen=True)
class Kept:
    """Where a back-test was kept: its run and, if it was registered, the version and its alias."""

    run_id: str
    version: str | None
    alias: Alias | None


@dataclass(frozen=True)
class Deployment:
    """The folders and the registry that the commands work on."""

    settings: Settings
    registry: ModelRegistry

    @classmethod
    def open(cls, settings: Settings) -> "Deployment":
        """Open the registry; makes the `var` folder."""
        settings.var.mkdir(parents=True, exist_ok=True)
        return cls(settings, ModelRegistry(settings.mlflow))

    def tune(self, prepared: Prepared, model: str, *, trials: int, step: Callable[[str], None]) -> dict[str, Any]:
        """Tune a model of a study; the trials are kept, so that a search that was cut off goes on."""
        return tune(
            prepared.task,
            prepared.splits.parts[0],
            model=model,
            params=dict(prepared.study.models[model]),
            trials=trials,
            seed=prepared.study.seed,
            storage=storage_at(self.settings.var / "optuna.db"),
            study_name=f"{prepared.name}.{model}.{question(prepared, model)}",
            told=lambda done, best: step(f"{model}: trial {done} of {trials}, best {best:.4f}"),
        )

    def record(self, prepared: Prepared, judged: Judged, *, register: bool = True) -> Kept:
        """Track a back-test and register its champion: as the champion where the name has none, else as challenger."""
        own = self.settings.mlflow.startswith("sqlite:")
        name = judged.best.artifact.name

        @cache
        def alias() -> Alias:
            return "challenger" if champion_of(self.registry, name) else "champion"

        run_id, version = track(
            self.registry,
            judged,
            task=prepared.task,
            splits=prepared.splits,
            record=record(
                judged,
                prepared.task,
                prepared.splits,
                title=prepared.study.title,
                worth=worth_of(prepared.study.campaign),
            ),
            artifacts=self.settings.runs if own else None,
            alias=alias if register else None,
        )
        return Kept(run_id, version, alias() if register else None)

    def run_of(self, name: str) -> str:
        """Find a registered model's run: its challenger's if it has one, else its champion's; or take a run's id.

        Raises `NotRegistered`.
        """
        if name not in self.registry.names():
            return name
        for alias in ("challenger", "champion"):
            try:
                return self.registry.load(name, alias).run_id
            except NotRegistered:
                continue
        raise NotRegistered(f"model {name!r} has neither challenger nor champion")

    def report(self, run_id: str, *, name: str, to: Path | None = None) -> Path:
        """Write the report and the model card of a run, made from the run alone, and give their folder."""
        folder = to or self.settings.reports(name)
        write_pages(folder, read_record(self.registry, run_id), run_id=run_id)
        return folder

    def score(
        self,
        registered: Registered,
        history: History,
        *,
        cutoff: pd.Timestamp | None = None,
        to: Path | None = None,
        reasons: int = 0,
    ) -> Manifest:
        """Score a population at a cutoff (by default where the history ends) into its folder, or another one."""
        name = registered.artifact.name
        groups = of_history(history, [registered], cutoff=cutoff or history.end)
        elsewhere = None if to is None else Folders({name: to}.__getitem__)
        return self.batch(groups, Asked({name: reasons}, self.suppressed()), to=elsewhere)[0]

    def batch(
        self,
        groups: Sequence[Group],
        asked: Asked,
        *,
        to: Destination | None = None,
        told: Told = lambda what, done, rows: None,
    ) -> list[Manifest]:
        """Score groups of models, each into its own folder and into the store that the service answers from.

        Or elsewhere, and then the service hears nothing of it. First the store gets the list of those who may
        not be scored, where it holds another. Raises as `serving.suppression.keep_in_step`.
        """
        if to is None:
            keep_in_step(store_of(self.settings.store), self.listed())
        made = run(groups, asked, to=to or Folders(self.settings.scored), clock=lambda: datetime.now(UTC), told=told)
        if to is None:
            models = {name: each for group in groups for name, each in group.models.items()}
            for each in made:
                told(f"{each['model']} to the store", 0, 0)
                to_store(
                    store_of(self.settings.store), models[each["model"]], self.settings.scored(each["model"]), each
                )
        return made

    @property
    def suppressed_file(self) -> Path:
        """Where the list lies of those who may not be scored."""
        return self.settings.var / "suppressed.parquet"

    def listed(self) -> Suppressions:
        """Read the standing list."""
        return Suppressions.read(self.suppressed_file) if self.suppressed_file.exists() else Suppressions()

    def suppressed(self, named: Path | None = None) -> Suppressions:
        """Read who may not be scored: who is on the standing list, and who is in a file that is named.

        Raises `serving.suppression.Unlisted` where the store bars others, and `StoreAway`.
        """
        found = self.listed() | (Suppressions.read(named) if named else Suppressions())
        check_listed(store_of(self.settings.store), found)
        return found

    def drift(self, registered: Registered, history: History, *, cutoff: pd.Timestamp | None = None) -> Report:
        """Hold a population at a cutoff against the artifact's profile."""
        try:
            observed = batch_frame(history, registered, cutoff=history.local(cutoff or history.end))
        except NobodyAsked:
            observed = pd.DataFrame(columns=["customer_id", "cutoff"])
        return drift(registered.artifact, observed, declared=FEATURES)


def history_of(registered: Registered, dataset: str | None) -> History:
    """Load the history that an artifact was trained on, or another one by name or file."""
    artifact = registered.artifact
    return load(dataset or artifact.provenance.get("dataset", artifact.dataset))


def question(prepared: Prepared, model: str) -> str:
    """Hash what a search for parameters is about: trials of another question or other data do not count."""
    asked = {"dataset", "horizon_days", "lead_days", "learn_days", "cutoffs", "folds", "categories", "seed"}
    task = prepared.task
    declared = [task.population, *([task.target] if task.target else []), *task.features]
    parts = [
        prepared.study.model_dump_json(include=asked),
        str(sorted(prepared.study.models[model].items())),
        *(f"{each.name} {each.fingerprint}" for each in declared),
        task.history.fingerprint,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def worth_of(said: CampaignFile | None) -> Worth | None:
    """Make of what a study says of its campaign what money is computed with."""
    if said is None:
        return None
    value = 1.0 if said.value is None else said.value
    if said.wins:
        campaign = Campaign.wins(contact_cost=said.contact_cost, offer_cost=said.offer_cost, value=value)
    else:
        campaign = Campaign(said.contact_cost, said.offer_cost, said.acceptance, value)
    return Worth(campaign, said.value_from, said.margin, said.customers, said.budget)
