"""The declarations that an artifact was trained on, if they still mean the same."""

from configs.registry import UnknownName
from features.declaration import Declaration
from features.library import POPULATIONS, named
from models.artifact import Artifact, ArtifactError


def features_of(artifact: Artifact) -> list[Declaration]:
    """Look up an artifact's features. Raises `ArtifactError` where one is gone or is defined otherwise by now."""
    found = {name: _found(name, fingerprint) for name, fingerprint in artifact.features.items()}
    changed = [name for name, each in found.items() if each is None or each.fingerprint != artifact.features[name]]
    if changed:
        raise ArtifactError(_changed(artifact, str(changed)))
    return [each for each in found.values() if each is not None]


def _found(name: str, fingerprint: str) -> Declaration | None:
    try:
        return named(name, fingerprint)
    except UnknownName:
        return None


def population_of(artifact: Artifact) -> Declaration:
    """Look up whom an artifact is asked about. Raises `ArtifactError` where that is gone or has changed."""
    population = POPULATIONS.get(artifact.population)
    if population is None or population.fingerprint != artifact.population_fingerprint:
        raise ArtifactError(_changed(artifact, f"the population {artifact.population!r}"))
    return population


def _changed(artifact: Artifact, what: str) -> str:
    return (
        f"{artifact.name} was trained on other definitions of {what} than this version has; train it anew, "
        "or serve it with the version that trained it"
    )
