"""Where histories come from: one file a dataset, or a TOML under `configs/datasets/`."""

from collections.abc import Callable
from pathlib import Path

from configs.dataset import dataset_names
from configs.registry import Registry, UnknownName, did_you_mean, import_folder
from features.history import History

DATASETS: Registry[Callable[[], History]] = Registry("dataset")


def dataset(function: Callable[[], History]) -> Callable[[], History]:
    """Register a function that loads a history, under its name."""
    DATASETS.add(function.__name__, function)
    return function


import_folder(__name__)

from features.datasets.own import from_file  # noqa: E402  # after the folder, which registers with what is above


def known() -> list[str]:
    """List every dataset: those in Python, and those that are files."""
    return sorted({*DATASETS, *dataset_names()})


def load(name: str) -> History:
    """Load a dataset by its name, or by the path of a dataset file. Raises `UnknownName` and `HistoryError`."""
    if name in dataset_names() or Path(name).suffix == ".toml":
        return from_file(name)
    if name not in DATASETS:
        raise UnknownName(did_you_mean("dataset", name, known()))
    return DATASETS[name]()
