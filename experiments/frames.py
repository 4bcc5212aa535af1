"""`augury features build` and `rebuild`: frames as Parquet, with a manifest by which they can be made again."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from configs.study import Study, read_study, study_names
from experiments.instant import instant
from experiments.progress import steps
from features.built import build, rebuild
from features.datasets import load
from features.declaration import Declaration
from features.engine.candidates import top_categories
from features.engine.run import Engine
from features.history import History
from features.library import POPULATIONS, available, chosen
from features.snapshot import Asked
from training.splits import training_cutoffs


@dataclass(frozen=True)
class Options:
    """What is asked for otherwise than the study does, or beyond the dataset: names as they are typed."""

    population: str | None = None
    features: str | None = None
    cutoffs: Sequence[str] = ()
    categories: int | None = None
    engine: Engine = "kernel"


def build_frame(name: str, options: Options, *, to: Path) -> None:
    """Build the frame of a study, or of a dataset, into a folder, and print where it lies."""
    study = read_study(name) if is_study(name) else None
    dataset = name if study is None else study.dataset
    with steps(f"build {Path(name).stem}", 5) as step:
        step(f"load {dataset}")
        history = load(dataset)
        asked = question(history, study, options)
        place = str(Path(dataset).resolve()) if dataset.endswith(".toml") else dataset
        made = build(history, asked, to, dataset=place, step=step)
    rows, columns = sum(made.rows.values()), len(made.columns)
    told = f"{rows} rows of {columns} features at {len(made.rows)} cutoffs: {to}\nsnapshot {made.snapshot.id}"
    Console().print(told, soft_wrap=True, highlight=False)


def rebuild_frame(folder: Path) -> None:
    """Build a frame again and print that it is the same. Raises `ValueError` that says what differs."""
    with steps(f"rebuild {folder.name}", 5) as step:
        told = rebuild(folder, load, step=step)
    print("\n".join([f"same as {folder}, byte for byte", *(f"- though {each}" for each in told)]))


def question(history: History, study: Study | None, options: Options) -> Asked:
    """Say what a frame is asked for: what the options say, else the study, else all that a history has at its end."""
    population = POPULATIONS[options.population or (study.population if study else _everybody(history))]
    if options.cutoffs:
        cutoffs = [instant(each, zone=history.zone) for each in options.cutoffs]
    else:
        cutoffs = study_cutoffs(study, history) if study else [history.end]
    cutoffs = sorted(set(cutoffs))
    first = pd.Timestamp(study.cutoffs.first) if study and study.cutoffs else cutoffs[0]
    return Asked(
        population=population,
        features=_features(history, study, options, population),
        cutoffs=cutoffs,
        categories=_categories(history, study, options, population, first),
        engine=options.engine,
    )


def _everybody(history: History) -> str:
    """Name who is asked about unless it is said: who has bought, has a contract, or is in the table of customers."""
    usual = {"transactions": "known", "subscriptions": "subscribers", "customers": "listed"}
    return next((population for table, population in usual.items() if table in history.tables), "known")


def study_cutoffs(study: Study, history: History) -> list[pd.Timestamp]:
    """List the cutoffs of a study, those that train and those that test; a table without dates has its end alone."""
    if study.cutoffs is None:
        return [history.end]
    first, tests = pd.Timestamp(study.cutoffs.first), [pd.Timestamp(day) for day in study.cutoffs.test]
    closes_in = pd.Timedelta(days=study.lead_days + (study.learn_days or study.horizon_days or 0))
    learned = [
        training_cutoffs(first=first, step_days=study.cutoffs.step_days, origin=test, closes_in=closes_in)
        for test in tests
    ]
    return sorted({*(cutoff for each in learned for cutoff in each), *tests})


def is_study(name: str) -> bool:
    """Whether a name or a file is a study's: that says which dataset it is about."""
    if not name.endswith(".toml"):
        return name in study_names()
    path = Path(name)
    return path.is_file() and "dataset" in tomllib.loads(path.read_text(encoding="utf-8"))


def _features(history: History, study: Study | None, options: Options, population: Declaration) -> list[Declaration]:
    if options.features is not None:
        return chosen([name.strip() for name in options.features.split(",")], history)
    if study is not None:
        return chosen(study.features, history)
    return [each for each in available(history) if population.by or not each.by]


def _categories(
    history: History, study: Study | None, options: Options, population: Declaration, first: pd.Timestamp
) -> list[str]:
    """Name the most bought categories before the first cutoff, for a population of pairs."""
    if not population.by:
        return []
    count = options.categories or (study.categories if study else None)
    if count is None:
        raise ValueError(f"population {population.name!r} is per {population.by}: say how many, as in --categories 20")
    return top_categories(history, before=first, count=count)
