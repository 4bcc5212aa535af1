"""Tables as Arrow streams, and what the service says to them."""

from typing import Any

import httpx
import numpy as np
import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
SEGMENTED = ("days_since_last", "purchase_days", "spend")
"""The features of the model of segments."""


def stream(table: pa.Table, *, compression: str | None = None) -> bytes:
    """Write a table as a stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    body: bytes = sink.getvalue().to_pybytes()
    return body


def post(client: httpx.Client, body: bytes) -> httpx.Response:
    """Send a stream."""
    return client.post("/v1/bulk", content=body, headers={"content-type": ARROW})


def read(answer: httpx.Response) -> pa.Table:
    """Read the stream of an answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == ARROW
    return pa.ipc.open_stream(answer.content).read_all()


def table(rows: int = 2, **columns: Any) -> pa.Table:
    """Make rows that the model of segments scores; columns take others' places, or go where they are None."""
    made = {"customer_id": pa.array([f"c{number}" for number in range(rows)])}
    made |= {name: pa.array(np.arange(rows) + 1.0) for name in SEGMENTED}
    return pa.table({name: column for name, column in {**made, **columns}.items() if column is not None})
