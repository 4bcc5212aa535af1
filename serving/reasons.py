"""Why scores are what they are: a customer's weightiest reasons, in sentences."""

from itertools import chain
from typing import cast

import pandas as pd

from features.concepts import concepts_of
from models.artifact import Artifact
from models.contract import Explained, eligible, keys_of
from models.reasons import Reason, reasons


def explained(artifact: Artifact, frame: pd.DataFrame, *, top: int = 3) -> pd.DataFrame:
    """Give the `top` reasons of each row that is asked about, the weightiest first.

    Columns: customer_id, cutoff, (category,) rank, concept, title, direction, points (log-odds), share, sentence,
    movable, features. Raises `NotExplained` for a model whose score is no sum over features.
    """
    asked, terms = eligible(frame), artifact.contributions(frame)
    names = cast("Explained", artifact.model).features_  # it gave contributions
    rows = frame[asked].reset_index(drop=True)
    found = reasons(
        terms[asked],
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
