"""`augury features keep`, `add` and `tomorrow`: what is kept of a history, and a frame a day from it."""

from pathlib import Path

from configs.study import read_study
from configs.whole import whole_file
from experiments.frames import Options, is_study, question
from experiments.instant import instant
from experiments.progress import steps
from features.datasets import load
from features.engine.kept import Kept, keepable, kept_at
from features.library import POPULATIONS, named


def keep(name: str, *, to: Path, population: str | None, features: str | None) -> None:
    """Keep the history of a study or dataset in a folder, and print what is kept."""
    study = read_study(name) if is_study(name) else None
    if to.exists() and any(to.iterdir()):
        raise ValueError(f"{to} is there and is not empty; name another folder, or remove it")
    with steps(f"keep {Path(name).stem}", 2) as step:
        step(f"load {study.dataset if study else name}")
        history = load(study.dataset if study else name)
        asked = question(history, study, Options(population, features))
        left = [] if features else [each.name for each in asked.features if not keepable(each)]
        step(f"sort {history.name}")
        kept = [each for each in asked.features if each.name not in left]
        Kept.build(to, history, kept, population=asked.population)
    print(f"{len(kept)} features of whoever is {asked.population.name}, until {history.end}: {to}")
    if left:
        print(f"left out, for they cannot be kept: {', '.join(left)}")


def add(folder: Path, dataset: str) -> None:
    """Add the rows of a dataset to what is kept, and print until when it reaches."""
    kept = _opened(folder)
    with steps(f"add {Path(dataset).stem}", 2) as step:
        step(f"load {dataset}")
        history = load(dataset)
        step(f"add to {folder}")
        kept.add(history)
    print(f"{folder}: until {kept.end}")


def tomorrow(folder: Path, *, cutoff: str | None, to: Path) -> None:
    """Write the frame at a cutoff, or at the end of what is kept, as Parquet, and print where it lies."""
    kept = _opened(folder)
    asked = instant(cutoff, zone=kept_at(folder)["zone"]) if cutoff else kept.end
    made = kept.frame([asked])
    with whole_file(to) as draft:
        made.to_parquet(draft, index=False)
    print(f"{len(made)} rows of {len(kept.features)} features at {asked}: {to}")


def _opened(folder: Path) -> Kept:
    told = kept_at(folder)
    (population,) = told["population"]
    return Kept.open(
        folder,
        [named(name, fingerprint) for name, fingerprint in told["features"].items()],
        population=POPULATIONS[population],
    )
