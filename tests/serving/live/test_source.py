"""What the registry gives: models of one dataset, and what is being loaded is never lost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from configs.service import ServiceSettings
from experiments.runs import Deployment
from models.registry import ModelRegistry, Registered
from serving.live.packed import write_pack
from serving.live.source import FromRegistry, OtherDataset, Source, SourceAway
from serving.worker import source_of

CHURN = "shop_churn"


class Files:
    """The registry; of its files `fetch` is asked first, which may raise."""

    def __init__(self, registry: ModelRegistry, fetch: Callable[[], object]) -> None:
        self.registry, self.fetch, self.loads = registry, fetch, list[str]()

    def aliased(self) -> object:
        return self.registry.aliased()

    def load_version(self, name: str, version: str) -> Registered:
        self.loads.append(name)
        self.fetch()
        return self.registry.load_version(name, version)


def over(source: FromRegistry, registry: ModelRegistry, fetch: Callable[[], object]) -> Files:
    """Put it between a source and its registry."""
    files = Files(registry, fetch)
    source._registry = files  # type: ignore[assignment]  # as far as it is asked
    return files


def test_a_model_of_another_dataset_is_never_given_whatever_was_away_before(deployment: Deployment) -> None:
    source, answers = FromRegistry(deployment.settings.mlflow, dataset="cafe"), [OSError("no route")] * 4

    def fetch() -> None:
        if answers:
            raise answers.pop()

    over(source, deployment.registry, fetch)
    assert CHURN in source.versions()  # nobody can tell now of what it is
    assert not answers
    with pytest.raises(OtherDataset, match="version 1 of shop_churn is of the dataset 'shop', not 'cafe'"):
        source.load(CHURN, "1")
    assert source.versions() == {}


def test_models_of_other_datasets_are_fetched_once(deployment: Deployment) -> None:
    source = FromRegistry(deployment.settings.mlflow, dataset="cafe")
    files = over(source, deployment.registry, lambda: None)
    for _ in range(3):
        assert source.versions() == {}
        source.keep([])
    assert len(files.loads) >= 4
    assert len(set(files.loads)) == len(files.loads)


def test_what_cannot_be_fetched_is_away(deployment: Deployment) -> None:
    source = FromRegistry(deployment.settings.mlflow)
    with pytest.raises(SourceAway, match="version 77 of shop_churn cannot be fetched: NotRegistered"):
        source.load(CHURN, "77")


def test_others_are_forgotten_while_one_is_loaded(deployment: Deployment) -> None:
    source = FromRegistry(deployment.settings.mlflow)
    over(source, deployment.registry, lambda: source.keep([]))
    found = source.load(CHURN, "1")
    assert source.load(CHURN, "1") is found
    source.keep([])
    assert source.load(CHURN, "1") is not found


class Forgetful(dict[tuple[str, str], Registered]):
    """Holds what is loaded, and all is forgotten as soon as it is put down."""

    def __setitem__(self, key: tuple[str, str], registered: Registered) -> None:
        super().__setitem__(key, registered)
        self.clear()


def test_what_was_loaded_is_given_though_it_was_forgotten_at_once(deployment: Deployment) -> None:
    source = FromRegistry(deployment.settings.mlflow)
    source._loaded = Forgetful()
    assert source.load(CHURN, "1").version == "1"


def test_of_a_pack_the_models_of_one_dataset_are_served(deployment: Deployment, tmp_path: Path) -> None:
    shop = deployment.registry.load(CHURN)
    cafe = Registered(replace(shop.artifact, name="cafe_churn", dataset="cafe"), "3")
    write_pack([shop, cafe], tmp_path / "pack")
    settings = replace(deployment.settings, var=tmp_path, pack=tmp_path / "pack")
    assert _names(source_of(settings, ServiceSettings())) == ["cafe_churn", CHURN]
    with pytest.raises(LookupError, match=r"no model of the pack .* is of bank; pack its champions"):
        source_of(settings, ServiceSettings(dataset="bank"))
    assert _names(source_of(settings, ServiceSettings(dataset="shop"))) == [CHURN]


def _names(source: Source) -> list[str]:
    return list(source.versions())
