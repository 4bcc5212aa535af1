"""The frame: who is asked about at some cutoffs, and their features."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from features.cutoffs import asked_cutoffs, spine
from features.declaration import Declaration
from features.engine.run import Engine, at_once, census, observe
from features.expression import Constant, Operation, columns
from features.history import History


def frame(
    history: History,
    cutoffs: Iterable[pd.Timestamp],
    *,
    population: Declaration,
    features: Sequence[Declaration],
    categories: Sequence[str] = (),
    engine: Engine = "kernel",
    to: Path | None = None,
) -> pd.DataFrame:
    """List a population at some cutoffs with its features: one row per customer (or pair) and cutoff.

    Features of the row that asks (`anchor.channel`) are read off it; an engine observes the others. With `to` the
    features go to Parquet under that folder, and only who is asked about comes back. Raises what `spine` and `observe`
    raise, and `ValueError` for features of a row where none asks, or that it does not have.
    """
    asked = asked_cutoffs(history, cutoffs)
    of_question = [each for each in features if each.of_question]
    observed = [each for each in features if not each.of_question]
    if engine == "kernel" and not of_question and at_once(history, asked, population, features):
        return census(history, asked, population, features, to=to)
    _check_anchored(population, of_question)
    who = spine(history, population, asked, categories=categories or None)
    told = who.assign(**{each.name: _of_question(who, each, population) for each in of_question})
    made = observe(history, told, observed, engine=engine, to=to)
    return who if to is not None else made[[*who.columns, *(each.name for each in features)]]


def _check_anchored(population: Declaration, features: Sequence[Declaration]) -> None:
    if features and not population.anchored:
        mend = "choose a population of rows, such as 'touched', or leave it out"
        raise ValueError(
            f"{features[0].name}: rows of {population.name!r} are customers, and no question has it; {mend}"
        )


def _of_question(who: pd.DataFrame, declared: Declaration, population: Declaration) -> pd.Series:
    """Take a feature off the rows that ask: texts as they are, numbers and truth values as doubles."""
    (column,) = columns(declared.node)
    if column not in who:
        there = ", ".join(name for name in who.columns if name not in ("customer_id", "cutoff", "known_time"))
        raise ValueError(f"{declared.name}: a row of {population.name!r} has no column {column!r}; it has {there}")
    values = who[column]
    sort = pd.api.types.infer_dtype(values, skipna=True)
    text = sort == "string"
    if isinstance(declared.node, Operation):
        _, value = declared.node.arguments
        if not text or not isinstance(value, Constant):
            raise ValueError(f"{declared.name}: {column} of {population.name!r} is {sort}, not text; ask for {column}")
        return (values == value.value).fillna(False).astype("float64")
    if declared.text:
        if not text and sort != "empty":
            raise ValueError(f"{declared.name}: {column} of {population.name!r} is {sort}, not text")
        return values.astype("str").where(values.notna(), None)
    if sort not in ("empty", "decimal", "floating", "integer", "boolean"):
        raise ValueError(
            f"{declared.name}: {column} of {population.name!r} is {sort}, not a number; {_mend(text, column)}"
        )
    return values.astype("float64")


def _mend(text: bool, column: str) -> str:
    return f"ask for a value of it, as anchor.{column}=VALUE" if text else "leave it out"
