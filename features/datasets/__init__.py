"""Where histories come from: one file a dataset, or a TOML under `configs/datasets/`."""

from collections.abc import Callable

from configs.registry import Registry, import_folder
from features.history import History

DATASETS: Registry[Callable[[], History]] = Registry("dataset")


def dataset(function: Callable[[], History]) -> Callable[[], History]:
    """Register a function that loads a history, under its name."""
    DATASETS.add(function.__name__, function)
    return function


import_folder(__name__)
