"""`POST /v1/bulk`: many feature rows, as JSON or as an Arrow stream; the answer comes as the question did."""

from asyncio import to_thread
from typing import Final

import msgspec
import pyarrow as pa

from serving.api.arrow_stream import read_stream
from serving.api.call import Call, Told
from serving.api.score import cutoff_of, told
from serving.bulk import arrow
from serving.bulk import bulk as scored
from serving.feature_rows import table_of
from serving.messages import Bulk
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
    cutoff = None if asked.cutoff is None else cutoff_of(asked.cutoff)
    table = await to_thread(table_of, asked.rows)
    answer = await scored(scorer.snapshot, table, asked.models, cutoff=cutoff, may=call.caller.may)
    return await to_thread(lambda: told(call, answer.results(), customers=len(asked.rows), models=asked.models))


async def _of_arrow(scorer: Scorer, call: Call) -> Told:
    table = read_stream(call.body)
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
        refusals=answer.refusals,
    )
