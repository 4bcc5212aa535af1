"""The one door to Splink: which pairs are compared and how, what is learnt, and what each pair scores."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import pandas as pd

from features.engine.session import session

Things = Mapping[str, Sequence[str]]

_CANDIDATES: Final = (
    ("email",),
    ("phone",),
    ("address",),
    ("full_name",),
    ("name",),
    ("birth_date", "given_name"),
    ("birth_date", "family_name"),
    ("birth_date", "postcode"),
    ("family_name", "postcode"),
)
"""Two records are compared if they agree in all columns of one of these."""
_KEYS: Final = {"name": ("full_name", "name"), "birth_date": ("birth_date",), "email": ("email",)}
"""Columns that are a person's own, by thing. Who agrees in two of them is the same; of a person's pairs so many do:"""
_SURE_RECALL: Final = 0.7
_STRANGERS: Final = 2_000_000
"""So many pairs are looked at to learn how often strangers agree."""


def scored(people: pd.DataFrame, things: Things, *, threshold: float, seed: int) -> pd.DataFrame:
    """Compare records: one, other, probability, match_weight and its summands, of pairs at or above a threshold."""
    splink = _splink()
    comparisons = {thing: _comparison(thing, columns) for thing, columns in things.items()}
    with session() as opened:
        settings = splink.SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="customer_id",
            comparisons=list(comparisons.values()),
            blocking_rules_to_generate_predictions=[splink.block_on(*each) for each in _there(_CANDIDATES, people)],
            retain_matching_columns=False,
            retain_intermediate_calculation_columns=True,
        )
        linker = splink.Linker(splink.DuckDBAPI(opened).register(people), settings, log_level=None)
        _learn(linker, people, seed)
        found = linker.inference.predict(threshold_match_probability=threshold).as_pandas_dataframe()
    return _summed(found, {thing: each.create_output_column_name() for thing, each in comparisons.items()})


def _splink() -> Any:
    try:
        import splink
    except ImportError as error:
        raise ImportError("linkage is an extra: install it with pip install 'augury[linkage]'") from error
    return splink


def _there(rules: Iterable[tuple[str, ...]], people: pd.DataFrame) -> list[tuple[str, ...]]:
    """Keep the rules whose columns there are."""
    return [each for each in rules if set(each) <= set(people)]


def _comparison(thing: str, columns: Sequence[str]) -> Any:
    """Say in which degrees two records may agree."""
    from splink import comparison_library as library

    match thing:
        case "name" if columns[0] == "full_name":
            parts = ("given_name", "family_name")
            return library.ForenameSurnameComparison(*parts, forename_surname_concat_col_name="full_name")
        case "name":
            return library.NameComparison(columns[0])
        case "birth_date":
            return library.DateOfBirthComparison(columns[0], input_is_string=True, invalid_dates_as_null=False)
        case "email":
            return library.ExactMatch(columns[0]).configure(term_frequency_adjustments=True)
    return library.CustomComparison(_home(columns), output_column_name=thing)


def _home(columns: Sequence[str]) -> list[Any]:
    """Compare phone and address as one, or the one there is."""
    from splink import comparison_level_library as level

    equal = {name: level.ExactMatchLevel(name) for name in columns}
    near = {"phone": level.LevenshteinLevel("phone", 1), "address": level.LevenshteinLevel("address", 2)}
    close, null = [near[name] for name in columns], [level.NullLevel(name) for name in columns]
    if len(columns) == 1:
        return [*null, *equal.values(), *close, level.ElseLevel()]
    both = level.And(*equal.values())
    return [level.And(*null), both, equal["address"], equal["phone"], level.Or(*close), level.ElseLevel()]


def _learn(linker: Any, people: pd.DataFrame, seed: int) -> None:
    """Learn how many pairs are of one person, how often strangers agree, and how often one person's records do.

    The last from pairs that agree in one thing of a person's own; those that share a home would teach that people of a
    household are one.
    """
    block_on = _splink().block_on
    own = [key for keys in _KEYS.values() for key in keys if key in people][:3]
    sure = [block_on(*each) for each in combinations(own, 2)]
    linker.training.estimate_probability_two_random_records_match(sure, recall=_SURE_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=_STRANGERS, seed=seed)
    for name in own:
        if people[name].dropna().duplicated().any():
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(name))


def _summed(found: pd.DataFrame, comparisons: Mapping[str, str]) -> pd.DataFrame:
    """Sum what each thing weighs: its agreement, and how rare the value is on which both agree."""
    weights = {
        f"weight_{thing}": found[f"mw_{name}"] + found.get(f"mw_tf_adj_{name}", 0.0)
        for thing, name in comparisons.items()
    }
    made = pd.DataFrame(
        {
            "one": found["customer_id_l"],
            "other": found["customer_id_r"],
            "probability": found["match_probability"],
            "match_weight": found["match_weight"],
            "weight_prior": found["match_weight"] - sum(weights.values()),
            **weights,
        }
    )
    return made.sort_values(["one", "other"], ignore_index=True)
