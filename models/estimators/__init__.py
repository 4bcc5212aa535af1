"""One file a model. `MODELS` fills by importing the folder."""

import inspect
from typing import Any, get_args

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
    names. `params` are the user's and must all be known and of the type of the default, else `ValueError`.
    """
    model = MODELS[name]
    known = inspect.signature(model).parameters
    unknown = sorted(set(params) - set(known))
    if unknown:
        raise ValueError(f"model {name!r} has no parameter {unknown}; it has {sorted(known)}")
    for key, value in params.items():
        if value is not None or type(None) not in get_args(known[key].annotation):
            _check_type(name, key, value, default=known[key].default)
    offered = {key: value for key, value in (setting or {}).items() if key in known}
    return model(**{**offered, **params})


def _check_type(model: str, name: str, value: Any, *, default: Any) -> None:
    """Refuse a number or a name that is none, before a library does so in its own words."""
    allowed: dict[type, tuple[type, ...]] = {
        bool: (bool,),
        int: (int,),
        float: (int, float),
        str: (str,),
        tuple: (list, tuple),
    }
    kinds = allowed.get(type(default))
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise ValueError(f"model {model!r}: {name} = {value!r} must be of type {type(default).__name__}")


import_folder(__name__)
