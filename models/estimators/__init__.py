"""One file a model. `MODELS` fills by importing the folder."""

import inspect
from typing import Any

from configs.registry import Registry, import_folder
from models.contract import Model

MODELS: Registry[type[Model]] = Registry("model")


def register(model: type[Any]) -> type[Any]:
    """Register a model class under its module's file name."""
    MODELS.add(model.__module__.rpartition(".")[2], model)
    return model


def create(name: str, *, setting: dict[str, Any] | None = None, **params: Any) -> Model:
    """Make an unfitted model.

    `setting` offers what the task fixes (`horizon_days`, `kind`); a model takes of it what its constructor
    names. `params` are the user's and must all be known; an unknown one is a `ValueError`.
    """
    model = MODELS[name]
    known = inspect.signature(model).parameters
    unknown = sorted(set(params) - set(known))
    if unknown:
        raise ValueError(f"model {name!r} has no parameter {unknown}; it has {sorted(known)}")
    offered = {key: value for key, value in (setting or {}).items() if key in known}
    return model(**{**offered, **params})


import_folder(__name__)
