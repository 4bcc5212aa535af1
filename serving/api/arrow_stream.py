"""A body that is an Arrow IPC stream, read within bounds: so many rows, and no more bytes than were sent."""

import struct
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from serving.api.refused import Refused, bad
from serving.messages import MAX_ROWS

_HEADER: Final = 2
_DATA: Final = 1
_COMPRESSION: Final = 3
"""Places of fields: the header of a `Message`, the batch of a `DictionaryBatch`, the compression of a `RecordBatch`
(Arrow's format/Message.fbs)."""


def read_stream(body: bytes) -> pa.Table:
    """Read a stream of 1 to `MAX_ROWS` rows. Raises `Refused`."""
    try:
        if any(_compressed(each) for each in _messages(body)):
            raise bad("the Arrow stream is compressed; send it uncompressed")
        return _read(body)
    except Refused:
        raise
    except Exception:  # of bytes that are no stream, libraries and their extensions raise all sorts
        raise bad("the body is no Arrow IPC stream, or not all of one") from None


def _read(body: bytes) -> pa.Table:
    batches, rows = [], 0
    with pa.ipc.open_stream(body) as stream:
        for batch in stream:
            batch.validate(full=True)
            rows += batch.num_rows
            if rows > MAX_ROWS:
                raise bad(f"there are over {MAX_ROWS} rows; send less at a time")
            batches.append(batch)
        schema = stream.schema
    if not rows:
        raise bad("there are no rows")
    return pa.Table.from_batches(batches, schema)


def _messages(body: bytes) -> Iterator[pa.ipc.Message]:
    reader = pa.ipc.MessageReader.open_stream(body)
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _compressed(message: pa.ipc.Message) -> bool:
    """Tell whether a message's buffers are compressed: a few bytes may stand for any number of them."""
    if message.type not in ("record batch", "dictionary"):
        return False
    data = message.metadata.to_pybytes()
    batch = _table(data, _table(data, 0), _HEADER)
    if message.type == "dictionary":
        batch = _table(data, batch, _DATA)
    return _field(data, batch, _COMPRESSION) is not None


def _table(data: bytes, place: int, number: int | None = None) -> int:
    """Give where a flatbuffer's table lies that a place, or a field of the table there, points to."""
    at = place if number is None else _field(data, place, number)
    if at is None:
        raise ValueError("a message without its batch")
    return int(at + struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, number: int) -> int | None:
    """Give where a field of a flatbuffer's table lies; None where it has none."""
    known = table - struct.unpack_from("<i", data, table)[0]
    entry = 4 + 2 * number
    if entry >= struct.unpack_from("<H", data, known)[0]:
        return None
    offset = struct.unpack_from("<H", data, known + entry)[0]
    return table + offset if offset else None
