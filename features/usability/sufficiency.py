"""Whether tables suffice for a question, by plain counts: customers, what is to be told apart, length of history.

The thresholds are published in `answer`. They are of the size that the literature asks for and no more exact than that:
ten events for each of twenty features (Peduzzi et al. 1996) make 200 of the rarer outcome, and fewer than 50 leave a
test whose ROC-AUC is uncertain by about ± .08 (Hanley and McNeil 1982, at .75 and 1,000 customers).
"""

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

from features.history import dated
from features.usability.counts import COUNTED, Counts, Period, category
from features.usability.evidence import Evidence
from features.usability.question import Answer, Kind, Question, Verdict

WORST_FIRST: Final = ("no", "thin", "yes")
CUSTOMERS: Final = (100, 1000)
RARER: Final = (50, 200)
HORIZONS: Final = (2.0, 3.0)
NEEDS: Final[Mapping[Kind, Mapping[str, tuple[str, ...]]]] = {
    "binary": {"transactions": ("customer_id", "time")},
    "count": {"transactions": ("customer_id", "time")},
    "amount": {"transactions": ("customer_id", "time", "amount")},
    "pairs": {"transactions": ("customer_id", "time")},
    "uplift": {"transactions": ("customer_id", "time"), "touches": ("customer_id", "time")},
    "ended": {"subscriptions": ("customer_id", "start", "end")},
    "lapsed": {"subscriptions": ("customer_id", "start", "end")},
    "other": {},
}


def answer(evidence: Evidence, question: Question) -> Answer:
    """Say whether the tables suffice, at the latest cutoff whose horizon has closed.

    | | no | thin | yes |
    |---|---|---|---|
    | customers asked about | < 100 | < 1,000 | ≥ 1,000 |
    | the rarer of what is to be told apart | < 50 | < 200 | ≥ 200 |
    | history in horizons | < 2 | < 3 | ≥ 3 |

    To be told apart are buyers and others ("binary"), who leaves and who stays ("ended", "lapsed"); buyers are counted
    for "count" and "amount", pairs bought for "pairs", and for "uplift" the smallest of the treated and the controls
    who bought and who did not. With 3 horizons there are 1 to test on and 2 to train on; with 2 to 3 only models that
    learn from the past alone (buy-till-you-die) can be tested. Of an "other" question only the history is judged, and
    it is "thin" at best. "no" as well where a table or column is missing. The worst line is the verdict.
    """
    lacking, first = _lacking(evidence, question), _first_day(evidence, question)
    if lacking or evidence.end is None or first is None:
        return Answer(question.name, "no", (lacking or _no_time(evidence),), "", 0, 0, 0, 0.0)
    horizon = pd.Timedelta(days=question.horizon_days)
    horizons, cutoff = (evidence.end - first) / horizon, evidence.end.normalize() - horizon
    counts = COUNTED[question.kind](evidence, Period(question, cutoff, cutoff + horizon))
    judged = list(_judged(question, counts, horizons))
    verdict = min((each for each, _ in judged), key=WORST_FIRST.index)
    reasons = tuple(reason for each, reason in judged if verdict == "yes" or each != "yes")
    numbers = (counts.customers, counts.positives, counts.rarer, round(horizons, 2))
    return Answer(question.name, verdict, reasons, f"{cutoff:%Y-%m-%d}", *numbers)


def _first_day(evidence: Evidence, question: Question) -> pd.Timestamp | None:
    """Give the first day of the table that the question is about; of any other, of the first there is."""
    table = next(iter([*NEEDS[question.kind], *dated(evidence.sheets)]), "")
    if table not in evidence.sheets or not evidence.sheets[table].time:
        return None
    days = evidence.days(table).rows
    return pd.Timestamp(days.index[0]) if len(days) else None


def _no_time(evidence: Evidence) -> str:
    if evidence.end is None and "transactions" not in evidence.given:
        return "nothing tells where the history ends"
    return "nothing that happens has a time that can be read"


def _judged(question: Question, counts: Counts, horizons: float) -> Iterator[tuple[Verdict, str]]:
    if question.kind == "other":
        yield "thin", "who is asked, and what comes of it, is not counted for such a question"
    else:
        yield _verdict(counts.customers, CUSTOMERS), f"{counts.customers:,} customers are asked about"
        yield _verdict(counts.rarer, RARER), f"{counts.rarer:,} {counts.what}"
    yield _verdict(horizons, HORIZONS), f"the history is {horizons:.1f} horizons of {question.horizon_days} days long"


def _verdict(number: float, limits: tuple[float, float]) -> Verdict:
    return "no" if number < limits[0] else "thin" if number < limits[1] else "yes"


def _lacking(evidence: Evidence, question: Question) -> str:
    """Say what must be there for a kind of question and is not."""
    for table, columns in NEEDS[question.kind].items():
        sheet = evidence.sheets.get(table)
        if sheet is None:
            return f"there are no {table}"
        missing = [column for column in columns if not sheet.has(column)]
        if missing:
            return f"{table} lacks {', '.join(missing)}, or nothing can be read there"
    if question.kind == "pairs" and not category(evidence):
        return "no transaction has a category"
    return ""
