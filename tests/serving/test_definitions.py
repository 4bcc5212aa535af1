"""An artifact is asked by the definitions it was trained on, or not at all."""

from dataclasses import replace

import pytest

from experiments.runs import Deployment
from features.library import FEATURES, POPULATIONS
from features.library.attributes import attribute
from models.artifact import Artifact, ArtifactError
from serving.definitions import features_of, population_of


@pytest.fixture(scope="module")
def churn(deployment: Deployment) -> Artifact:
    return deployment.registry.load("shop_churn").artifact


def test_features_come_in_the_artifact_order(churn: Artifact) -> None:
    assert [each.name for each in features_of(churn)] == list(churn.features)
    turned = replace(churn, features=dict(list(churn.features.items())[::-1]))
    assert features_of(turned) == features_of(churn)[::-1]


def test_a_population_is_looked_up(churn: Artifact) -> None:
    assert population_of(churn) is POPULATIONS["known"]
    with pytest.raises(ArtifactError, match="trained on other definitions of the population 'knwon' than this version"):
        population_of(replace(churn, population="knwon"))


def test_a_population_that_changed_is_named(churn: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POPULATIONS, "known", replace(POPULATIONS["known"], empty=1.0))
    with pytest.raises(ArtifactError, match="trained on other definitions of the population 'known' than this version"):
        population_of(churn)


def test_a_feature_that_is_gone_is_named(churn: Artifact) -> None:
    gone = replace(churn, features={**churn.features, "mood": "0123456789abcdef"})
    with pytest.raises(ArtifactError, match=r"shop_churn was trained on other definitions of \['mood'\] than this"):
        features_of(gone)


def test_features_that_changed_are_named(churn: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("frequency", "spend"):
        monkeypatch.setitem(FEATURES, name, replace(FEATURES[name], empty=7.0))
    with pytest.raises(
        ArtifactError, match=r"\['frequency', 'spend'\] .*; train it anew, or serve it with the version"
    ):
        features_of(churn)


def test_another_docstring_is_the_same_definition(churn: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    told = replace(FEATURES["spend"], meaning="Told otherwise. Unit: currency.")
    monkeypatch.setitem(FEATURES, "spend", told)
    assert told in features_of(churn)


def test_an_attribute_is_the_number_or_the_text_that_it_was(churn: Artifact) -> None:
    asked = [attribute("customers.plan", text=True), attribute("customers.age"), attribute("customers.plan=pro")]
    trained = replace(churn, features={each.name: each.fingerprint for each in asked})
    assert features_of(trained) == asked
    other = replace(churn, features={"customers.plan": "0123456789abcdef"})
    with pytest.raises(ArtifactError, match=r"was trained on other definitions of \['customers.plan'\] than"):
        features_of(other)
