"""A live model that answers otherwise than the one it is made of."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

from serving.live.live import Live


def altered(live: Live, changed: dict[str, Any] | None = None, **methods: Callable[..., Any]) -> Live:
    """Make a model that answers by other methods; its artifact is another one, so that the batch is not read.

    `changed` are the artifact's fields that are others, too.
    """
    artifact, model = live.registered.artifact, copy(live.registered.artifact.model)
    model.__class__ = type(type(model).__name__, (type(model),), methods)
    said = {"provenance": {**artifact.provenance, "note": "altered"}, **(changed or {})}
    return Live(replace(live.registered, artifact=replace(artifact, model=model, **said)), live.held)
