"""What is asked: the same customers, in the words of each server."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from experiments.benchmarks.serving.deployment import ASKED, MODELS, Made
from experiments.benchmarks.serving.shop import NAMES

JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"
MANY: Final = 1_000
"""Customers of a request in bulk."""
DIFFERENT, DIFFERENT_ROWS, DIFFERENT_BULKS = 20_000, 2_000, 20
"""So many different requests are sent in turn: of ids, of rows, of many rows."""


@dataclass(frozen=True)
class Question:
    """Requests to one path, and how the scores of an answer are read: by model, in the order of the customers.

    `first` are the customers of the first request.
    """

    path: str
    bodies: Sequence[bytes]
    first: Sequence[str]
    scores: Callable[[bytes], dict[str, list[float]]]
    kind: str = JSON


def by_id(path: str, made: Made, *, models: Sequence[str] = (ASKED,), many: int = 1, **more: Any) -> Question:
    """Ask for customers by id."""
    ids = made.frame["customer_id"].tolist()
    count = DIFFERENT if many == 1 else DIFFERENT_BULKS
    step = max(1, len(ids) // count)
    starts = range(0, min(len(ids) - many + 1, count * step), step)
    asked = [{"customer_ids": ids[each : each + many], "models": list(models), **more} for each in starts]
    return Question(path, [json.dumps(each).encode() for each in asked], ids[:many], results)


def by_row(
    path: str,
    frame: pd.DataFrame,
    wrap: Callable[[dict[str, Any]], Any],
    scores: Callable[[dict[str, Any]], list[float]],
) -> Question:
    """Ask for a customer by its features: `wrap` puts id and features as the server wants them."""
    asked = rows(frame[:DIFFERENT_ROWS])
    bodies = [json.dumps(wrap(each)).encode() for each in asked]
    return Question(path, bodies, [asked[0]["customer_id"]], lambda body: {ASKED: scores(json.loads(body))})


def in_bulk(path: str, made: Made) -> Question:
    """Send many customers' rows as JSON."""
    cut = parts(made)
    bodies = [json.dumps({"rows": rows(each)}).encode() for each in cut]
    return Question(path, bodies, cut[0]["customer_id"].tolist(), results)


def in_arrow(path: str, made: Made) -> Question:
    """Send many customers' rows as an Arrow stream."""
    cut = parts(made)
    return Question(path, [_stream(each) for each in cut], cut[0]["customer_id"].tolist(), _columns, kind=ARROW)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give customers and their features as plain data."""
    values = frame[list(NAMES)].astype(object).where(frame[list(NAMES)].notna(), None).to_numpy().tolist()
    return [
        {"customer_id": customer_id, "features": dict(zip(NAMES, row, strict=True))}
        for customer_id, row in zip(frame["customer_id"], values, strict=True)
    ]


def results(body: bytes) -> dict[str, list[float]]:
    """Read the scores of a list of results."""
    found: dict[str, list[float]] = {}
    for each in json.loads(body)["results"]:
        found.setdefault(each["model"], []).append(each["score"])
    return found


def parts(made: Made) -> list[pd.DataFrame]:
    """Cut customers into requests in bulk."""
    return [made.frame[start : start + MANY] for start in range(0, min(len(made.frame), DIFFERENT_BULKS * MANY), MANY)]


def _stream(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame[["customer_id", *NAMES]], preserve_index=False).replace_schema_metadata(None)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _columns(body: bytes) -> dict[str, list[float]]:
    """Read the scores of an Arrow stream: columns named as models, or long."""
    table = pa.ipc.open_stream(body).read_all()
    if "model" not in table.column_names:
        return {name: table[name].to_pylist() for name in MODELS if name in table.column_names}
    found: dict[str, list[float]] = {}
    for model, score in zip(table["model"].to_pylist(), table["score"].to_pylist(), strict=True):
        found.setdefault(model, []).append(score)
    return found
