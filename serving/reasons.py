"""Why scores are what they are: a customer's weightiest reasons, in sentences."""

from itertools import chain
from typing import Final, cast

import pandas as pd

from features.concepts import concepts_of
from models.artifact import Artifact
from models.contract import Explained, eligible, keys_of
from models.reasons import Reason, reasons

TERM: Final = "term."
"""Begins the names of the columns that hold a score's terms; that of the base is the beginning alone."""


def terms_of(artifact: Artifact, frame: pd.DataFrame) -> pd.DataFrame:
    """Give the terms of each row that is asked about, a column a feature of the model and last the base.

    They add up to the score's log-odds (of counts and amounts to its logarithm). Raises `NotExplained` for a model
    whose score is no sum over features.
    """
    terms = artifact.contributions(frame)[eligible(frame)]
    return pd.DataFrame(terms, columns=terms_named(artifact))


def terms_named(artifact: Artifact) -> list[str]:
    """Name the columns of a model's terms; it is `Explained`."""
    return [f"{TERM}{name}" for name in (*cast("Explained", artifact.model).features_, "")]


def explained(artifact: Artifact, frame: pd.DataFrame, terms: pd.DataFrame, *, top: int = 3) -> pd.DataFrame:
    """Give the `top` reasons of each row that is asked about, the weightiest first, by its terms.

    Columns: customer_id, cutoff, (category,) rank, concept, title, direction, points (log-odds), share, sentence,
    movable, features.
    """
    names = cast("Explained", artifact.model).features_
    rows = frame[eligible(frame)].reset_index(drop=True)
    found = reasons(
        terms.to_numpy(),
        names,
        rows,
        concepts=concepts_of(names),
        top=top,
        typical=artifact.typical,
    )
    told = pd.DataFrame(list(chain.from_iterable(found)), columns=list(Reason._fields))
    keys = rows[keys_of(rows)]
    told["features"] = told["features"].map(list)
    return keys.loc[told["row"]].reset_index(drop=True).join(told.drop(columns="row"))
