"""`@concept`: features that mean one thing to a marketer, and how to say it in a sentence."""

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from configs.registry import Registry
from features.concepts import words
from features.concepts.plain import plain

Value = float | str | None
"""A feature's value at hand; None, NaN or a missing key where there is none."""

WINDOW: Final = re.compile(r"_(\d+)d$")
"""How the window ends a feature's name."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is told from: the feature it is about, and all values at hand.

    `typical` holds what is usual of the features (such as the medians of training), where known.
    """

    feature: str
    values: Mapping[str, Value]
    typical: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""

    @property
    def stem(self) -> str:
        """The feature's name without its window: `spend` of `spend_91d`."""
        return _cut(self.feature)[0]

    @property
    def when(self) -> str:
        """The feature's window in words: `in the last 91 days`, or `so far`."""
        return _cut(self.feature)[1]

    @property
    def value(self) -> float | None:
        """The feature's value, None where it is none or no number."""
        return self.of(self.feature)

    def of(self, feature: str) -> float | None:
        """Give the value of any feature; None where it is not at hand, null or no number."""
        found = self.values.get(feature)
        if found is None or isinstance(found, str) or not math.isfinite(found):
            return None
        return float(found)

    def text(self) -> str | None:
        """Give the feature's value where it is a text."""
        found = self.values.get(self.feature)
        return found if isinstance(found, str) else None

    def money(self, amount: float) -> str:
        """Say an amount in the currency at hand."""
        return words.money(amount, self.currency)

    def usual(self, said: Callable[[float], str]) -> str:
        """Compare the value with what is typical: `, more than usual (8.00)`; nothing where that is not known.

        Two that are said alike are alike.
        """
        value, typical = self.value, self.typical.get(self.feature)
        if value is None or typical is None or not math.isfinite(typical):
            return ""
        mine, other = said(value), said(typical)
        if mine == other:
            return ", as usual"
        return f", {'more' if value > typical else 'less'} than usual ({other})"


@lru_cache(maxsize=4096)
def _cut(feature: str) -> tuple[str, str]:
    """Cut a feature's name: what stands before its window, and the window in words."""
    found = WINDOW.search(feature)
    return (feature[: found.start()], f"in the last {found.group(1)} days") if found else (feature, "so far")


Sentence = Callable[[Told], str | None]


@dataclass(frozen=True)
class Concept:
    """What several features say of a customer: a word that marketers think in.

    `features` names them: a feature by name (or by its name less the window), or a family of the library, or a prefix
    that ends in a dot. `movable` says whether marketing could move a customer on it. `say` tells of one of the
    features, and gives None where it has nothing to tell.
    """

    name: str
    title: str
    features: tuple[str, ...]
    movable: bool
    meaning: str
    say: Sentence

    def sentence(
        self,
        values: Mapping[str, Value],
        *,
        features: Sequence[str],
        typical: Mapping[str, float] | None = None,
        currency: str = "",
    ) -> str:
        """Say what it is with a customer, of the first of the features of which there is something to say.

        `features` are those of the concept that the model has, the weightiest first. `values` may hold others, which
        the sentence may use. Falls back on the feature's own meaning, value and unit. Without features a `ValueError`.
        """
        if not features:
            raise ValueError(f"concept {self.name!r}: name at least one feature to tell of")
        for feature in features:
            told = Told(feature, values, typical or {}, currency)
            said = self.say(told) or plain_value(told)
            if said:
                return said
        return f"{self.title[:1].lower()}{self.title[1:]}: not known"


CONCEPTS: Registry[Concept] = Registry("concept")


def concept(*, title: str, features: tuple[str, ...], movable: bool) -> Callable[[Sentence], Sentence]:
    """Register a function that tells of a feature as the concept of its name; its docstring says what that is."""

    def register(say: Sentence) -> Sentence:
        made = Concept(say.__name__, title, features, movable, inspect.cleandoc(say.__doc__ or ""), say)
        CONCEPTS.add(made.name, made)
        return say

    return register


def plain_value(told: Told) -> str | None:
    """Say a feature's meaning and value: `amount of the purchases in the last 91 days: 12.50`; None without a value."""
    described = plain(told.feature)
    text, value = told.text(), told.value
    if text is not None:
        return f"{described.phrase}: {text}"
    if value is None:
        return None
    if described.unit == "0 or 1":
        return f"{described.phrase}: {'yes' if value else 'no'}"

    def said(number: float) -> str:
        return _in_unit(number, described.unit, told)

    return f"{described.phrase}: {said(value)}{told.usual(said)}"


def _in_unit(value: float, unit: str, told: Told) -> str:
    if unit.startswith("currency"):
        return told.money(value)
    if unit == "share":
        return words.percent(value)
    return words.days(value) if unit == "days" else words.number(value)
