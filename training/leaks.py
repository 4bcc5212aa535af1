"""Alarms on what is learned from: features that know the label, because they are made of it or of what comes after.

A model that has seen the future is better than can be, and fails where there is none. What is too good to be true is
named here before it is trained on or promoted; what is good for a reason can be allowed with that reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import eligible, feature_names
from models.metrics.inputs import check_binary
from training.ranked import FOLDS, Codes, Floats, Ranked, auc, rank_auc

Kind = Literal["model", "alone", "certain", "nulls", "identifier", "id_order"]

PLAUSIBLE: Final = 0.90
"""An AUC above this one is not believed of churn without contracts, nor of propensities."""
ROWS: Final = 50_000
"""Of more rows a seeded sample is looked at."""
FEWEST: Final = 30
"""So many rows of either sort (0 and 1, null and not) there must be before an AUC is an alarm."""
CERTAIN: Final = 0.98
"""A share of 1s, where they are rare, that nothing in an honest feature has: of churn we have seen 0.64 at the most."""
CERTAIN_ROWS: Final = 100
"""So many rows, and a twentieth of the 1s, there must be of it."""
PHI: Final = 0.9
"""Nulls that correlate with the label by this much are the label."""
DISTINCT: Final = 0.95
"""Text of which this share of customers has a value of their own identifies them."""
COLLISIONS: Final = 20
"""Whole numbers that never meet, where measured ones would have met so often, were given out one by one."""
CUSTOMERS: Final = 50
"""So many customers there must be before distinct values are an alarm."""
ID_AUC: Final = 0.65
"""An order of ids that ranks the label better than this is an alarm, if chance does not explain it."""
SIGMAS: Final = 4.0
"""Chance explains an AUC of ids within so many standard errors of 1/2."""
MEND: Final = "check at which time it is known, leave it out, or allow it and say why"
_FEW_VALUES: Final = 20
_BLOCKS: Final = 50


@dataclass(frozen=True)
class Leak:
    """A feature that seems to know the label: what was measured, the bound that it is over, and what to do.

    Kinds: `model` (AUC of the whole model; `feature` is "model"), `alone` (AUC of a feature), `certain` (share of 1s
    where there is nothing), `nulls` (AUC of where it is null), `identifier` (share of customers with a
    value of their own), `id_order` (AUC of the order of the customers' ids; `feature` is "customer_id"). `reason` is
    why it was allowed.
    """

    feature: str
    kind: Kind
    value: float
    bound: float
    message: str
    reason: str = ""


class Leaking(ValueError):
    """Features know the label, and nobody has said why that is right."""


def leaks(X: pd.DataFrame, y: pd.Series, *, bound: float = PLAUSIBLE) -> list[Leak]:
    """Look for leaks in training rows: a frame (its columns of text included), and 0 or 1 for each row.

    `bound` is the greatest AUC that is plausible of a feature. Values are compared over rows, identifiers over
    customers (where there is a `customer_id`, else rows), the order of ids at each cutoff.

    Raises `ValueError` where X and y have different lengths or y is not 0 or 1.
    """
    if len(X) != len(y):
        raise ValueError(f"the frame has {len(X)} rows and y {len(y)}; give the label of each row")
    check_binary(y.to_numpy(dtype=np.float64))
    rows = _sampled(X)
    X, labels = X.iloc[rows], y.to_numpy(dtype=np.float64)[rows]
    customers = pd.factorize(X["customer_id"])[0] if "customer_id" in X else np.arange(len(X))
    found: list[Leak] = []
    if "customer_id" in X:
        found += _id_order(X["customer_id"], X.get("cutoff", pd.Series(0, index=X.index)), labels)
    for name in feature_names(X):
        column = Ranked.of(name, X[name], labels)
        found += _alone(column, customers % FOLDS, bound) or _certain(column, labels)
        found += [*_nulls(column, labels, bound), *_identifier(column, customers)]
    return found


def implausible(model_auc: float, *, bound: float = PLAUSIBLE, shares: Mapping[str, float] | None = None) -> list[Leak]:
    """Look at a fitted model's AUC on rows that it has not seen; `shares` says what each feature weighs in it."""
    if model_auc <= bound:
        return []
    top = sorted((shares or {}).items(), key=lambda share: (-share[1], share[0]))[:3]
    carried = ", ".join(f"{name} ({share:.0%})" for name, share in top)
    message = (
        f"the model's AUC of {model_auc:.3f} is above {bound:.2f}, which is not plausible; "
        + (f"most of it comes from {carried}: " if carried else "")
        + "check at which time these values are known, or allow 'model' and say why"
    )
    return [Leak("model", "model", model_auc, bound, message)]


def check_leaks(found: Sequence[Leak], *, allowed: Mapping[str, str]) -> list[Leak]:
    """Raise `Leaking` unless every leak's feature is allowed; give the allowed ones with their reasons, for the record.

    `allowed` says for a feature (or "model", "customer_id") why it may be as it is. An empty reason allows nothing.
    """
    blocked = [each for each in found if not allowed.get(each.feature, "").strip()]
    if blocked:
        named = ", ".join(dict.fromkeys(repr(each.feature) for each in blocked))
        told = "\n".join(f"- {each.message}" for each in blocked)
        raise Leaking(f"{named} would leak the label; take out what does, or allow it and say why:\n{told}")
    return [replace(each, reason=allowed[each.feature].strip()) for each in found]


def _alone(column: Ranked, folds: Codes, bound: float) -> list[Leak]:
    """Rank the label by one feature: by the number either way, and by its values' means in the other folds.

    Those means are of texts and of numbers with few values; values of few rows are drawn to the mean of all. They rank
    one way only: what is chance in a fold is against it in the others.
    """
    if not _enough(column.labels):
        return []
    up = 0.5 if column.text else rank_auc(column.rows, column.ones)
    found = max(up, 1 - up)
    if column.text or len(column.distinct) <= _FEW_VALUES:
        found = max(found, auc(column.means_elsewhere(folds[column.known]), column.labels))
    told = _too_good(column.name, f"alone{column.where}", found, bound)
    return [Leak(column.name, "alone", found, bound, told)] if found > bound else []


def _certain(column: Ranked, labels: Floats) -> list[Leak]:
    """Find where nothing (0, a null) or a text makes a 1 nearly certain that is else rare.

    So it is of windows that reach over the cutoff: who has bought nothing in it has surely bought nothing after. Much
    of something may well make certain: who buys weekly will buy. Where most rows are 1 it cannot be told.
    """
    ones = labels.sum()
    if ones > len(labels) / 2:
        return []
    nulls = int((~column.known).sum())
    rows, own = np.append(column.rows, nulls), np.append(column.ones, ones - column.ones.sum())
    said = np.append(np.ones(len(column.rows), dtype=bool) if column.text else column.distinct == 0, True)
    sure = np.flatnonzero(said & (rows >= CERTAIN_ROWS) & (own >= ones / 20) & (own >= CERTAIN * rows))
    if not len(sure):
        return []
    most = sure[own[sure].argmax()]
    share = float(own[most] / rows[most])
    value = "null" if most == len(column.rows) else column.distinct[most] if column.text else "0"
    told = (
        f"where {column.name} is {value}, {share:.1%} of {rows[most]} rows have the label 1, which {labels.mean():.1%} "
        f"of all have: it may reach over the cutoff; {MEND}"
    )
    return [Leak(column.name, "certain", share, CERTAIN, told)]


def _enough(labels: Floats) -> bool:
    return bool(FEWEST <= labels.sum() <= len(labels) - FEWEST)


def _nulls(column: Ranked, labels: Floats, bound: float) -> Iterator[Leak]:
    null = ~column.known
    if not _enough(null.astype(np.float64)) or not _enough(labels):
        return
    up = auc(null.astype(np.float64), labels)
    found = max(up, 1 - up)
    if found > bound or abs(np.corrcoef(null, labels)[0, 1]) >= PHI:
        told = _too_good(column.name, f"by {'being' if up > 0.5 else 'not being'} null", found, bound)
        yield Leak(column.name, "nulls", found, bound, told)


def _too_good(name: str, how: str, found: float, bound: float) -> str:
    return (
        f"{name} {how} ranks the label with an AUC of {found:.3f}, above {bound:.2f}: it may be made of the label, or "
        f"of what comes after the cutoff; {MEND}"
    )


def _identifier(column: Ranked, customers: Codes) -> Iterator[Leak]:
    """Find values that say who a customer is, and nothing of them."""
    first = np.unique(customers[column.known], return_index=True)[1]
    places = column.places[first]
    if len(places) < CUSTOMERS:
        return
    share = len(np.unique(places)) / len(places)
    numbers = _as_numbers(column)[np.unique(places)]
    whole = bool((numbers == np.floor(numbers)).all())
    if column.text and share >= DISTINCT and (np.isnan(numbers).mean() > 1 - DISTINCT or whole):
        how = f"{share:.0%} of customers have a value of their own"
    elif share == 1 and whole and _would_meet(numbers) >= COLLISIONS:
        how = f"its {len(places)} whole numbers are all different and lie close, as if given out one by one"
    else:
        return
    message = f"{column.name} identifies customers ({how}); it can only be learned by heart, or tell in which order "
    bound = DISTINCT if column.text else 1.0
    message += "they were stored: leave it out, or allow it and say why"
    yield Leak(column.name, "identifier", share, bound, message)


def _as_numbers(column: Ranked) -> Floats:
    if not column.text:
        return np.asarray(column.distinct, dtype=np.float64)
    return pd.to_numeric(pd.Series(column.distinct), errors="coerce").to_numpy(dtype=np.float64)


def _would_meet(numbers: Floats) -> float:
    """Give how many pairs of equal numbers one would expect at least, were they drawn from the range that they span."""
    return len(numbers) * (len(numbers) - 1) / 2 / (float(np.ptp(numbers)) + 1)


def _id_order(ids: pd.Series, cutoffs: pd.Series, labels: Floats) -> Iterator[Leak]:
    """Rank the label by the order of ids at each cutoff; over all of them by the pairs of 1 and 0 that each has.

    The standard error is that of the greatest cutoff alone, since they have customers in common. Cutoffs beyond 50
    (questions asked at any time) are taken together in 50 blocks.
    """
    moments, distinct = pd.factorize(cutoffs, sort=True)
    blocks = moments if len(distinct) <= _BLOCKS else moments * _BLOCKS // len(distinct)
    asked = pd.DataFrame({"block": blocks, "place": _places(ids), "label": labels})
    asked = asked.groupby(["block", "place"], sort=True)["label"].max().reset_index()
    aucs, pairs, errors = [], [], []
    for _, block in asked.groupby("block"):
        own = block["label"].to_numpy()
        ones, zeros = own.sum(), len(own) - own.sum()
        if ones and zeros:
            aucs.append(auc(block["place"].to_numpy(), own))
            pairs.append(ones * zeros)
            errors.append(np.sqrt((len(own) + 1) / (12 * ones * zeros)))
    if not pairs:
        return
    up = float(np.average(aucs, weights=pairs))
    found, error = max(up, 1 - up), errors[int(np.argmax(pairs))]
    if found > ID_AUC and found - 0.5 > SIGMAS * error:
        message = (
            f"the order of customer_id ranks the label with an AUC of {found:.3f}, above {ID_AUC:.2f}: ids or rows may "
            "have been given out by one who knew the label; look into how the table was made, or allow 'customer_id' "
            "and say why (as that ids tell since when they are customers)"
        )
        yield Leak("customer_id", "id_order", found, ID_AUC, message)


def _places(ids: pd.Series) -> Codes:
    """Number ids in their order: by the number that they end in where they are alike but for it, else as texts."""
    if pd.api.types.is_numeric_dtype(ids):
        return pd.factorize(ids, sort=True)[0]
    parts = ids.astype("str").str.extract(r"^(\D*)(\d{1,18})$")
    alike = parts.notna().all(axis=None) and (parts[0] == parts[0].iloc[0]).all()
    return pd.factorize(parts[1].astype("int64") if alike else ids.astype("str"), sort=True)[0]


def _sampled(X: pd.DataFrame) -> NDArray[np.intp]:
    """Give the places of the rows that are looked at: those asked about, at most `ROWS` of them."""
    rows = np.flatnonzero(eligible(X))
    if len(rows) <= ROWS:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, ROWS, replace=False))
