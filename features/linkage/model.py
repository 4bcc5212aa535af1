"""The one door to Splink: which pairs are compared and how, what is learnt, and what each pair scores."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import pandas as pd

from features.engine.session import session
from features.linkage.quiet import quiet

_THINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("full_name", "name"),
    "birth_date": ("birth_date",),
    "email": ("email",),
    "home": ("phone", "address"),
}
"""What is compared, each as one, and the columns that tell it."""
_PLACE: Final = ("postcode", "city")
"""What tells of the home where there is no address."""
_OWN: Final = ("name", "birth_date", "email")
"""What is a person's own: a home is shared by people who are not the same."""
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
"""Two customers are compared if they agree in all columns of one of these."""
_SURE_RECALL: Final = 0.7
"""Customers who agree in two things of a person's own are one person; of such pairs about so many do agree.

It sets the prior alone: at 0.5 instead, every pair weighs half a bit more, at 1 half a bit less.
"""
_STRANGERS: Final = 2_000_000
"""So many pairs are looked at to learn how often strangers agree."""
_DECIMALS: Final = 6
"""Beyond these, sums of doubles differ from run to run."""

Things = Mapping[str, Sequence[str]]


def scored(people: pd.DataFrame, *, shown: float, seed: int) -> pd.DataFrame:
    """Compare customers: one, other, probability, match_weight and its summands, of pairs from a probability on.

    There are none where no two customers agree in two things of a person's own.
    """
    things = _compared(people)
    own = [things[thing][0] for thing in _OWN if thing in things]
    if len(own) < 2:
        raise ValueError(
            "customers say too little to be told apart: two of name, birth date and email are needed, and "
            f"there is something in {', '.join(own) or 'none of them'}"
        )
    splink = _splink()
    if not any(people[list(each)].dropna().duplicated().any() for each in combinations(own, 2)):
        return _nobody(things)
    comparisons = {thing: _comparison(thing, columns) for thing, columns in things.items()}
    with quiet(), session() as opened:
        settings = _settings(people, list(comparisons.values()))
        linker = splink.Linker(splink.DuckDBAPI(opened).register(people), settings, log_level=None)
        _learn(linker, people, own, seed)
        found = linker.inference.predict(threshold_match_probability=shown).as_pandas_dataframe()
    return _summed(found, {thing: each.create_output_column_name() for thing, each in comparisons.items()})


def _settings(people: pd.DataFrame, comparisons: Sequence[Any]) -> Any:
    splink = _splink()
    return splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="customer_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[
            splink.block_on(*rule) for rule in _CANDIDATES if set(rule) <= set(people)
        ],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )


def _splink() -> Any:
    try:
        import splink
    except ImportError as error:
        raise ImportError('linkage needs Splink, an extra: install it with pip install ".[linkage]"') from error
    return splink


def _compared(people: pd.DataFrame) -> dict[str, list[str]]:
    """Name what can be compared, and the columns that tell it."""
    things = _THINGS if "address" in people else {**_THINGS, "place": _PLACE}
    told = {thing: [name for name in columns if name in people] for thing, columns in things.items()}
    return {thing: columns for thing, columns in told.items() if columns}


def _comparison(thing: str, columns: Sequence[str]) -> Any:
    """Say in which degrees two customers may agree."""
    from splink import comparison_library as library

    match thing, columns[0]:
        case "name", "full_name":
            parts = ("given_name", "family_name")
            return library.ForenameSurnameComparison(*parts, forename_surname_concat_col_name="full_name")
        case "name", name:
            return library.NameComparison(name)
        case "birth_date", name:
            return library.DateOfBirthComparison(name, input_is_string=True, invalid_dates_as_null=False)
        case "email", name:
            return library.ExactMatch(name)
        case "place", _:
            return library.CustomComparison(_place(columns), output_column_name=thing)
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


def _place(columns: Sequence[str]) -> list[Any]:
    """Compare the postcode, or else the city."""
    from splink import comparison_level_library as level

    null = [level.NullLevel(name) for name in columns]
    return [level.And(*null), *(level.ExactMatchLevel(name) for name in columns), level.ElseLevel()]


def _learn(linker: Any, people: pd.DataFrame, own: Sequence[str], seed: int) -> None:
    """Learn how many pairs are of one person, how often strangers agree, and how often one person's customers do.

    The last from pairs that agree in something of their own; pairs of one home would teach that a household is one.
    """
    block_on = _splink().block_on
    sure = [block_on(*each) for each in combinations(own, 2)]
    linker.training.estimate_probability_two_random_records_match(sure, recall=_SURE_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=_STRANGERS, seed=seed)
    for name in own:
        if people[name].dropna().duplicated().any():
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(name))


def _nobody(things: Things) -> pd.DataFrame:
    numbers = ["probability", "match_weight", "weight_prior", *(f"weight_{thing}" for thing in things)]
    return pd.DataFrame({"one": pd.Series(dtype="str"), "other": pd.Series(dtype="str"), **dict.fromkeys(numbers, 0.0)})


def _summed(found: pd.DataFrame, comparisons: Mapping[str, str]) -> pd.DataFrame:
    """Sum what each thing weighs: its agreement, and how rare the value is on which both agree."""
    weights = {
        f"weight_{thing}": found[f"mw_{name}"] + found.get(f"mw_tf_adj_{name}", 0.0)
        for thing, name in comparisons.items()
    }
    made = pd.DataFrame(
        {
            "one": found["customer_id_l"].astype("str"),
            "other": found["customer_id_r"].astype("str"),
            "probability": found["match_probability"],
            "match_weight": found["match_weight"],
            "weight_prior": found["match_weight"] - sum(weights.values()),
            **weights,
        }
    ).round(_DECIMALS)
    return made.sort_values(["match_weight", "one", "other"], ascending=[False, True, True], ignore_index=True)
