"""Customers who may not be scored: those who said no, and those who are erased."""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from configs.whole import whole_file
from serving.store.store import Generation, Store

REASONS: Final = ("erased", "opted_out")
BLOCK: Final = "suppressed"
"""The store's block of them: the id, and the reason as UTF-8."""
_COLUMNS: Final = ["customer_id", "reason"]
_AT_A_TIME: Final = 10_000


class Unlisted(ValueError):
    """The store bars customers whom the list at hand does not name."""


@dataclass(frozen=True)
class Suppressions:
    """Why by customer id; of somebody who is on the list for both reasons, "erased"."""

    reasons: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a CSV, Parquet or JSON file (a list of objects) with the columns customer_id and reason.

        Raises `ValueError` that counts what is wrong; ids are never shown.
        """
        rows = _rows(path)
        missing = [name for name in _COLUMNS if name not in rows]
        if missing:
            raise ValueError(f"{path} lacks the columns {missing}; it has {list(rows.columns)}")
        ids, said = rows["customer_id"], rows["reason"]
        if (empty := int(ids.isna().sum() + (ids == "").sum())) > 0:
            raise ValueError(f"{path}: customer_id is empty in {empty} rows; name whom each row is about")
        if (blank := int((ids != ids.str.strip()).sum())) > 0:
            raise ValueError(f"{path}: customer_id begins or ends with a blank in {blank} rows; take the blanks away")
        if (unknown := int((~said.isin(REASONS)).sum())) > 0:
            raise ValueError(f"{path}: the reason of {unknown} rows is none of {', '.join(REASONS)}")
        return cls.of_pairs(zip(ids, said, strict=True))

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Take ids and reasons, in any order; ids may come twice."""
        return cls(dict(sorted(pairs, key=lambda row: row[1], reverse=True)))

    def __or__(self, other: "Suppressions") -> "Suppressions":
        """Put two lists together: everybody who is on either."""
        return Suppressions.of_pairs([*self.reasons.items(), *other.reasons.items()])

    def write(self, path: Path) -> None:
        """Write them as Parquet, whole."""
        with whole_file(path) as draft:
            self._frame.to_parquet(draft, index=False)

    def of(self, customer_ids: Iterable[str]) -> list[str | None]:
        """Give each customer's reason, None for one who may be scored."""
        return [self.reasons.get(each) for each in customer_ids]

    def kept(self, customer_ids: pa.ChunkedArray) -> NDArray[np.bool_]:
        """Mark the rows of those who may be scored."""
        if not self.reasons:
            return np.ones(len(customer_ids), dtype=bool)
        return ~np.asarray(pc.is_in(customer_ids, self._ids))

    def counted(self, customer_ids: pa.ChunkedArray) -> dict[str, int]:
        """Count, by reason, which of the customers are left out; each customer once, however many rows there are."""
        found = self.of(pc.unique(customer_ids.filter(pa.array(~self.kept(customer_ids)))).to_pylist())
        return {reason: found.count(reason) for reason in REASONS if reason in found}

    @cached_property
    def fingerprint(self) -> str:
        """Hash who is on the list and why."""
        return hashlib.sha256(
            "\n".join(f"{key}\0{self.reasons[key]}" for key in sorted(self.reasons)).encode()
        ).hexdigest()

    @cached_property
    def _ids(self) -> pa.Array:
        return pa.array(list(self.reasons), pa.string())

    @property
    def _frame(self) -> pd.DataFrame:
        return pd.DataFrame(sorted(self.reasons.items()), columns=_COLUMNS, dtype="str")


def check_block_name(model: str) -> None:
    """Raise `ValueError` for a model whose rows would lie where this list does."""
    if model == BLOCK:
        raise ValueError(f"no model can be called {model!r}: the store holds those who may not be scored by that name")


def write_suppressed(store: Store, suppressions: Suppressions) -> Generation:
    """Write the list to the store, in the place of the one before; the service then refuses those customers."""

    def rows() -> Iterator[tuple[str, bytes]]:
        for customer_id, reason in sorted(suppressions.reasons.items()):
            yield customer_id, reason.encode()

    about = {"customers": len(suppressions.reasons), "fingerprint": suppressions.fingerprint}
    return store.write(BLOCK, rows(), columns=["reason"], about=about)


def barred_beside(store: Store, listed: Suppressions) -> int:
    """Count the customers whom the store bars and a list does not name. Raises `StoreAway`."""
    block = store.open(BLOCK)
    if block is None or block.generation.about["fingerprint"] == listed.fingerprint:
        return 0
    ids = sorted(listed.reasons)

    async def found() -> int:
        parts = [await block.get(ids[at : at + _AT_A_TIME]) for at in range(0, len(ids), _AT_A_TIME)]
        return sum(each is not None for part in parts for each in part)

    return block.generation.customers - asyncio.run(found())


def check_listed(store: Store, listed: Suppressions) -> None:
    """Raise `Unlisted` where the store bars customers whom a list does not name, and `StoreAway`."""
    if (beside := barred_beside(store, listed)) > 0:
        raise Unlisted(
            f"the store bars {beside} customers who are not on the list here, so that they would be scored; "
            "bring the list of the other machine here with `augury suppress FILE`, "
            "or say by `augury suppress FILE --replace` that a file is the whole list"
        )


def keep_in_step(store: Store, listed: Suppressions) -> None:
    """Write a list to a store that holds another, or none, as one does that is new. Raises as `check_listed`."""
    check_listed(store, listed)
    held = store.current(BLOCK)
    if (held.about["fingerprint"] if held else Suppressions().fingerprint) != listed.fingerprint:
        write_suppressed(store, listed)


def _rows(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        read = pd.read_parquet(path)
    elif path.suffix == ".json":
        read = pd.DataFrame(_listed(path))
    elif path.suffix == ".csv":
        read = pd.read_csv(path, dtype="str", keep_default_na=False)
    else:
        raise ValueError(f"{path} is no list of customers; give a .csv, .parquet or .json file")
    return read.assign(**{name: _text(read[name], name, path) for name in _COLUMNS if name in read})


def _listed(path: Path) -> list[dict[str, Any]]:
    read = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(read, list) or not all(isinstance(each, dict) for each in read):
        raise ValueError(f"{path} is not a list of objects with customer_id and reason")
    return read


def _text(values: "pd.Series[Any]", name: str, path: Path) -> "pd.Series[Any]":
    """Take texts and whole numbers as text; 17.0, a time or a truth value is no id."""
    there = values.dropna()
    other = {type(each).__name__ for each in there if isinstance(each, bool) or not isinstance(each, str | int)}
    if other:
        raise ValueError(f"{path}: {name} is {' and '.join(sorted(other))}; ids are text or whole numbers")
    return values.astype(object).where(values.isna(), values.astype("str")).astype("str")
