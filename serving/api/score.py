"""`POST /v1/score` and `POST /v1/score/payload`: customers by id, or from what comes along."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import pandas as pd

from serving.api.call import Call, Counts, Told, counted
from serving.api.refused import bad
from serving.bulk import bulk
from serving.feature_rows import YEARS, table_of
from serving.messages import Answer, ById, ByPayload, FeatureRow, Transaction
from serving.said import Results
from serving.scorer import Scorer

BY_ID: Final = msgspec.json.Decoder(ById)
BY_PAYLOAD: Final = msgspec.json.Decoder(ByPayload)
ENCODER: Final = msgspec.json.Encoder()


async def score(scorer: Scorer, call: Call) -> Told:
    """Answer for customers from the latest batch's features."""
    asked = call.read(BY_ID)
    call.check_explain(asked.explain)
    call.paid(len(asked.customer_ids))
    results = await scorer.by_id(
        asked.customer_ids, asked.models, now=call.now, explain=asked.explain, may=call.caller.may
    )
    return told(call, results, customers=len(asked.customer_ids), models=asked.models)


async def score_payload(scorer: Scorer, call: Call) -> Told:
    """Answer for a customer from the transactions or the features in the request."""
    asked = call.read(BY_PAYLOAD)
    call.check_explain(asked.explain)
    if (asked.transactions is None) == (asked.features is None):
        raise bad("send either transactions (with a cutoff) or features")
    cutoff = None if asked.cutoff is None else cutoff_of(asked.cutoff)
    if asked.features is not None:
        table = table_of([FeatureRow(asked.customer_id, asked.features)])
        answer = await bulk(
            scorer.snapshot, table, asked.models, cutoff=cutoff, explain=asked.explain, may=call.caller.may
        )
        return told(call, answer.results(), customers=1, models=asked.models)
    if cutoff is None:
        raise bad("transactions need a cutoff: the instant to predict from - at `$.cutoff`")
    results = await scorer.by_history(
        asked.customer_id,
        _table(asked.transactions or []),
        cutoff=cutoff,
        models=asked.models,
        explain=asked.explain,
        may=call.caller.may,
    )
    return told(call, results, customers=1, models=asked.models)


def told(call: Call, results: Results, *, customers: int, models: Sequence[str] | None) -> Told:
    """Write results; `models` are those that were named."""
    body = ENCODER.encode(Answer(call.request_id, call.scored_at, results))
    scores, refusals = counted(results)
    return Told(body, customers=customers, models=models or _asked(scores, refusals), scores=scores, refusals=refusals)


def cutoff_of(said: str, where: str = "$.cutoff") -> datetime:
    """Read a cutoff; horizons begin at it, so that it must lie within `YEARS`. Raises `Refused`."""
    time = instant(said, where)
    if not YEARS[0] <= time.year < YEARS[1]:
        raise bad(f"a cutoff lies in the years {YEARS[0]} to {YEARS[1] - 1} - at `{where}`")
    return time


def instant(said: str, where: str) -> datetime:
    """Read a time: with an offset as UTC, without as it is. Raises `Refused`."""
    try:
        time = datetime.fromisoformat(said)
        return time.astimezone(UTC) if time.tzinfo else time
    except (ValueError, OverflowError):
        raise bad(f"is no ISO time such as 2025-12-31T23:59:00Z, of the years 1 to 9999 - at `{where}`") from None


def _table(transactions: list[Transaction]) -> pd.DataFrame:
    """Lay transactions out as the feature engine takes them; a column that no row has is not there."""
    rows = [
        {
            **msgspec.structs.asdict(each),
            "time": instant(each.time, f"$.transactions[{place}].time"),
        }
        for place, each in enumerate(transactions)
    ]
    return pd.DataFrame([{name: value for name, value in row.items() if value is not None} for row in rows])


def _asked(*counts: Counts) -> list[str]:
    """Name the models that gave scores or refusals."""
    return list(dict.fromkeys(model for each in counts for model, _ in each if model))
