"""Whether a model treats groups of customers alike: as often chosen, as well found, as well ranked and believed."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from models.metrics import METRICS
from models.metrics.ties import best

ALL: Final = "all"
UNKNOWN: Final = "unknown"
VALUES: Final = 8
"""A column of numbers with more values than this is cut at its quartiles."""
CUSTOMERS: Final = 50
OUTCOMES: Final = 10
"""Groups with fewer customers, or fewer rows of either outcome, are shown without rates."""
MEASURES: Final = ("rate", "score", "roc_auc", "ece", "selected", "true_positive_rate", "false_positive_rate")
COMPARED: Final = ("selected", "true_positive_rate", "false_positive_rate")
FOUR_FIFTHS: Final = 0.8


def fairness(scored: pd.DataFrame, groups: pd.Series, *, share: float = 0.1) -> pd.DataFrame:
    """Measure predictions by group, the best-scored `share` of all rows being the ones that are selected.

    `scored` has customer_id, actual (0 or 1) and score (a probability); `groups` one value for each of its rows, in
    their order: texts as they are, numbers of more than `VALUES` values by quartile, nulls as `unknown`.

    One row for all and one a group: group, rows, customers; rate (of actual), score (mean), roc_auc, ece; selected
    (share of its rows), true_positive_rate (of its 1s that are selected) and false_positive_rate (of its 0s); each of
    these over that of all as …_ratio; and note. The note names those of selected, true and false positive rate whose
    ratio lies outside [4/5, 5/4]: four fifths is the rule of thumb of the Uniform Guidelines on Employee Selection
    Procedures (29 CFR 1607.4 D, 1978), which compares with the group that is best off, and here, as a group that is
    chosen too often matters too, with all, both ways as in Saleiro et al. (2018), "Aequitas", arXiv:1811.05577. It is
    a reason to look and no verdict. Groups too small (`CUSTOMERS`, `OUTCOMES`) have no rates, and the note says so.
    Rows of equal score at the edge are selected in part. `ValueError` where `groups` has another length, a share is
    outside (0, 1], and as for the metrics.
    """
    if len(groups) != len(scored):
        raise ValueError(f"groups has {len(groups)} rows and scored has {len(scored)}; give one value for each row")
    names = _names(groups.reset_index(drop=True))
    rows = scored[["customer_id", "actual", "score"]].reset_index(drop=True)
    rows["selected"] = best(rows["score"].to_numpy(dtype=float), share)
    table = pd.DataFrame([{"group": name, **_counts(part)} for name, part in _parts(rows, names)])
    overall = pd.Series(_rates(rows))
    rates = pd.DataFrame([_rates(part) for _, part in _parts(rows, names)], columns=list(MEASURES))
    rates = rates.where(table["note"] == "")
    ratios = rates.div(overall.where(overall != 0)).add_suffix("_ratio")
    unlike = [_unlike(row) for _, row in ratios.iterrows()]
    note = [said or ", ".join(found) for said, found in zip(table.pop("note"), unlike, strict=True)]
    return table.join(rates).join(ratios).assign(note=note)


def _names(values: pd.Series) -> pd.Series:
    """Name the group of each row, as an ordered category with `unknown` last."""
    known = values.dropna()
    if not pd.api.types.is_numeric_dtype(known) or pd.api.types.is_bool_dtype(known):
        texts = known.astype(str)
        order = sorted(texts.unique())
    elif known.nunique() <= VALUES:
        numbers = sorted(known.unique())
        order = _texts(numbers)
        texts = known.map(dict(zip(numbers, order, strict=True))).astype(str)
    else:
        places, edges = pd.qcut(known, 4, labels=False, retbins=True, duplicates="drop")
        ends = _texts(edges.tolist())
        order = [f"{low} to {high}" for low, high in pairwise(ends)]
        texts = places.map(dict(enumerate(order)))
    named = texts.reindex(values.index).fillna(UNKNOWN)
    return named.astype(pd.CategoricalDtype([*(each for each in order if each != UNKNOWN), UNKNOWN], ordered=True))


def _texts(numbers: Sequence[float]) -> list[str]:
    """Write numbers short, or in full where two would else look the same."""
    short = [f"{each:g}" for each in numbers]
    return short if len(set(short)) == len(short) else [str(each) for each in numbers]


def _parts(rows: pd.DataFrame, names: pd.Series) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, rows
    for name, part in rows.groupby(names, observed=True, sort=True):
        yield str(name), part


def _counts(part: pd.DataFrame) -> dict[str, object]:
    customers = part["customer_id"].nunique()
    fewest = min(part.loc[part["actual"] == outcome, "customer_id"].nunique() for outcome in (0, 1))
    note = ""
    if customers < CUSTOMERS:
        note = f"fewer than {CUSTOMERS} customers: no rates"
    elif fewest < OUTCOMES:
        note = f"fewer than {OUTCOMES} customers of one outcome: no rates"
    return {"rows": len(part), "customers": customers, "note": note}


def _rates(part: pd.DataFrame) -> dict[str, float]:
    actual, score, selected = (part[name].to_numpy(dtype=float) for name in ("actual", "score", "selected"))
    ones, zeros = actual.sum() or np.nan, (1 - actual).sum() or np.nan
    return {
        "rate": float(actual.mean()),
        "score": float(score.mean()),
        "roc_auc": METRICS["roc_auc"](actual, score),
        "ece": METRICS["ece"](actual, score),
        "selected": float(selected.mean()),
        "true_positive_rate": float(selected @ actual / ones),
        "false_positive_rate": float(selected @ (1 - actual) / zeros),
    }


def _unlike(ratios: pd.Series) -> Iterator[str]:
    for name in COMPARED:
        ratio = ratios[f"{name}_ratio"]
        if ratio < FOUR_FIFTHS or ratio > 1 / FOUR_FIFTHS:
            yield f"{name} is {ratio:.2f} times that of all"
