"""`augury pack`: the champions as plain files, from which the service starts without the registry."""

from pathlib import Path

from rich.console import Console

from configs.settings import Settings
from models.registry import ModelRegistry
from serving.live.packed import write_pack


def pack(to: Path, *, dataset: str | None, settings: Settings) -> None:
    """Pack the champions, all or those of a dataset, and print which they are and where they lie."""
    champions = ModelRegistry(settings.mlflow).champions(dataset)
    write_pack(champions, to)
    told = [f"  {each.artifact.name} version {each.version}" for each in champions]
    Console().print("\n".join([*told, f"packed: {to}"]), soft_wrap=True)
