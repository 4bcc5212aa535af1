"""Rows on their way into a store: ids as bytes, in batches of bounded size."""

from collections.abc import Iterable, Iterator
from typing import Final

Pair = tuple[bytes, bytes]
TWICE: Final = "a customer comes twice in the rows of a block; give each customer's rows as one"


def id_bytes(customer_id: str) -> bytes:
    """Give an id as bytes: UTF-8, which sorts as texts do; halves of surrogate pairs, which it has not, are kept."""
    return customer_id.encode("utf-8", "surrogatepass")


def batches(rows: Iterable[tuple[str, bytes]], *, size: int, most: int) -> Iterator[list[Pair]]:
    """Give ids and rows in batches of about `size` bytes, `most` rows at most. Raises `ValueError` for an empty id."""
    batch, held = list[Pair](), 0
    for customer_id, row in rows:
        if not customer_id:
            raise ValueError("a row's customer has an empty id; leave such rows out")
        key = id_bytes(customer_id)
        batch.append((key, row))
        held += len(key) + len(row)
        if held >= size or len(batch) >= most:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
