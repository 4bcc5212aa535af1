"""What features mean to a marketer: one file a concept or a few. `CONCEPTS` fills by importing the folder."""

from collections.abc import Iterable
from functools import cache

from configs.registry import import_folder
from features.concepts.concept import CONCEPTS, WINDOW, Concept, Value
from features.concepts.profile import attribute_concept
from features.library import FEATURES
from features.library.attributes import PREFIX

import_folder(__name__)

__all__ = ["CONCEPTS", "Concept", "Value", "concept_of", "concepts_of"]


def concepts_of(features: Iterable[str]) -> dict[str, Concept]:
    """Give each feature's concept."""
    return {feature: concept_of(feature) for feature in features}


@cache
def concept_of(feature: str) -> Concept:
    """Give the one concept that a feature belongs to.

    The concept that names it goes before one that names it without its window, that before one of its family, and that
    before one of its prefix. Columns of `customers` have a concept each. A feature that no concept names, as one
    declared outside of the library, is a concept of its own that nothing moves.
    """
    if feature.startswith(PREFIX):
        return attribute_concept(feature)
    claims = _claims()
    declared = FEATURES.get(feature)
    family = "" if declared is None else declared.family
    prefix, dot, _ = feature.partition(".")
    found = (claims[each] for each in (feature, WINDOW.sub("", feature), family, prefix + dot) if each in claims)
    return next(found, None) or _own(feature)


@cache
def _claims() -> dict[str, Concept]:
    """Map what concepts name (features, families, prefixes) to them. Raises `ValueError` where two name the same."""
    claims: dict[str, Concept] = {}
    for each in CONCEPTS.values():
        for claim in each.features:
            other = claims.setdefault(claim, each)
            if other is not each:
                raise ValueError(f"the concepts {other.name!r} and {each.name!r} both name {claim!r}; leave it to one")
    return claims


def _own(feature: str) -> Concept:
    title = feature.replace("_", " ").capitalize()
    return Concept(feature, title, (feature,), movable=False, meaning=f"{title}.", say=lambda _: None)
