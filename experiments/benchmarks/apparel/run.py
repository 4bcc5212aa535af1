"""The walk: transactions to histories, the model fitted without a prior, found beside published."""

from pathlib import Path
from typing import Any, Final

import pandas as pd

from experiments.benchmarks.apparel.published import LOG_LIKELIHOOD, PUBLISHED, STANDARD_ERROR, WEEKS, Published
from models.estimators.pareto_nbd import ParetoNbd

TRANSACTIONS: Final = "apparelTrans.parquet"
COVARIATES: Final = "apparelStaticCov.parquet"

Row = dict[str, Any]


def run(folder: Path) -> Row:
    """Fit every published case on the two tables of a folder. Raises `FileNotFoundError` that names a missing one."""
    frame = customers(pd.read_parquet(folder / TRANSACTIONS), pd.read_parquet(folder / COVARIATES))
    rows = {name: compare(frame, each) for name, each in PUBLISHED.items()}
    cases = [{"case": name, "rows": each} for name, each in rows.items()]
    kept = all(row["kept"] for each in rows.values() for row in each)
    return {"customers": len(frame), "weeks": WEEKS, "cases": cases, "kept": kept}


def customers(transactions: pd.DataFrame, covariates: pd.DataFrame) -> pd.DataFrame:
    """Give each customer's history in days up to the end of the last week, which counts in, and the covariates."""
    day = pd.to_datetime(transactions["Date"])
    end = day.min() + pd.Timedelta(weeks=WEEKS)
    days = day[day <= end].groupby(transactions["Id"])
    first, last = days.min(), days.max()
    history = pd.DataFrame(
        {
            "frequency": days.nunique() - 1,
            "recency_days": (last - first).dt.days,
            "tenure_days": (end - first).dt.days,
        }
    )
    return history.join(covariates.set_index("Id"), validate="one_to_one")


def compare(frame: pd.DataFrame, published: Published) -> list[Row]:
    """Fit, and give a row for each published number; the last says how likely the published parameters are."""
    names = published.covariates
    model = ParetoNbd(7, prior_sd=None, transaction_covariates=names, lifetime_covariates=names).fit(frame)
    found, rows = model.fit_, []
    for name, value in published.params.items():
        within = published.digits * abs(value) + published.errors * found.standard_errors[name]
        rows.append(_row(name, found.params[name], value, within=within))
    for name, value in published.standard_errors.items():
        rows.append(
            _row(f"standard error of {name}", found.standard_errors[name], value, within=STANDARD_ERROR * value)
        )
    rows.append(_row("log-likelihood", found.log_likelihood, published.log_likelihood, within=LOG_LIKELIHOOD))
    seen = model.seen(frame)
    theirs = float(seen.weight @ model.described.log_likelihood(published.params, seen)[0])
    lower = {"found": found.log_likelihood, "published": theirs, "within": None, "kept": theirs <= found.log_likelihood}
    return [*rows, {"what": "likelier than the published parameters", **lower}]


def _row(what: str, found: float, published: float, *, within: float) -> Row:
    kept = abs(found - published) <= within
    return {"what": what, "found": found, "published": published, "within": float(f"{within:.3g}"), "kept": kept}
