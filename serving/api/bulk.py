"""`POST /v1/bulk`: many feature rows, as JSON or as an Arrow stream; the answer comes as the question did."""

from typing import Final

import msgspec
import pyarrow as pa

from serving.api.call import Call, Told
from serving.api.refused import bad
from serving.api.score import told
from serving.bulk import arrow
from serving.bulk import bulk as scored
from serving.feature_rows import table_of
from serving.messages import MAX_ROWS, Bulk
from serving.scorer import Scorer

ARROW: Final = "application/vnd.apache.arrow.stream"
MODELS: Final = b"augury.models"
"""Metadata of an Arrow schema: the models' names, with commas between; all if it is not there."""
_JSON: Final = msgspec.json.Decoder(Bulk)


async def bulk(scorer: Scorer, call: Call) -> Told:
    """Score feature rows."""
    if call.head.kind == ARROW:
        return await _of_arrow(scorer, call)
    asked = call.read(_JSON)
    call.paid(len(asked.rows))
    answer = await scored(scorer.snapshot, table_of(asked.rows), asked.models, may=call.caller.may)
    return told(call, answer.results(), customers=len(asked.rows))


async def _of_arrow(scorer: Scorer, call: Call) -> Told:
    table = _read(call.body)
    call.paid(table.num_rows)
    named = (table.schema.metadata or {}).get(MODELS)
    models = None if named is None else [name.strip() for name in named.decode(errors="replace").split(",")]
    answer = await scored(scorer.snapshot, table, models, may=call.caller.may)
    made = arrow(answer).replace_schema_metadata({"request_id": call.request_id, "scored_at": call.scored_at})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema) as stream:
        stream.write_table(made)
    return Told(
        sink.getvalue().to_pybytes(),
        kind=ARROW.encode(),
        customers=table.num_rows,
        models=[each.live.name for each in answer.told],
        scores=answer.counts,
    )


def _read(body: bytes) -> pa.Table:
    """Read an Arrow stream of at most `MAX_ROWS` rows. Raises `Refused`."""
    batches, rows = [], 0
    try:
        with pa.ipc.open_stream(body) as stream:
            for batch in stream:
                batch.validate(full=True)
                rows += batch.num_rows
                if rows > MAX_ROWS:
                    raise bad(f"there are over {MAX_ROWS} rows; send less at a time")
                batches.append(batch)
            schema = stream.schema
    except (pa.ArrowException, OSError) as error:
        raise bad(f"the body is no Arrow stream: {type(error).__name__}") from None
    if not rows:
        raise bad("there are no rows")
    return pa.Table.from_batches(batches, schema)
