"""Whom to address: those of a batch with the highest scores, as many as a budget pays for, without the suppressed."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import inf, isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from configs.whole import whole_file
from serving.batch import manifest
from serving.batch.destinations import Taken
from serving.batch.draft import hash_of
from serving.batch.files import write_csv, write_parquet
from serving.batch.manifest import MANIFEST, SCORES, Manifest
from serving.batch.place import Place
from serving.batch.shared import EMPTY
from serving.suppression import Suppressions

ABOUT: Final = "audience.json"
_BY: Final = [("score", "descending"), ("customer_id", "ascending")]
_TIES: Final = (("category", "ascending"), ("cutoff", "descending"))
_TRIES: Final = 5


class NoBatch(LookupError):
    """There is no batch to choose from."""


@dataclass(frozen=True)
class Choice:
    """The `top` so many, those whose score is `at_least` so high, and no more than a `budget` pays for; any of them.

    Raises `ValueError` where nothing is said, a budget without what a contact costs, or what is no such number.
    """

    top: int | None = None
    at_least: float | None = None
    budget: float | None = None
    cost_per_contact: float | None = None

    def __post_init__(self) -> None:
        """Refuse what does not hang together."""
        if self.top is None and self.at_least is None and self.budget is None:
            raise ValueError("say whom to choose: --top N, --at-least T, or --budget B with --cost-per-contact C")
        if self.budget is not None and not self.cost_per_contact:
            raise ValueError("a budget needs --cost-per-contact, above 0, to say how many it pays for")
        if self.top is not None and self.top < 1:
            raise ValueError(f"--top is {self.top}; say how many customers, 1 or more")
        for name, value, least in (
            ("--at-least", self.at_least, -inf),
            ("--budget", self.budget, 0),
            ("--cost-per-contact", self.cost_per_contact, 0),
        ):
            if value is not None and not (isfinite(value) and value >= least):
                raise ValueError(f"{name} is {value}; say a number{'' if least else ' that is not below 0'}")

    @property
    def most(self) -> int | None:
        """How many may be chosen; None for any number. Money is counted in decimals: .3 pays for three at .1."""
        paid = None if self.budget is None else int(_money(self.budget) // _money(self.cost_per_contact or 0))
        told = [each for each in (self.top, paid) if each is not None]
        return min(told) if told else None

    def cost(self, customers: int) -> float | None:
        """What contacts cost; None where nobody says."""
        return None if self.cost_per_contact is None else float(customers * _money(self.cost_per_contact))


def choose(scores: pa.Table, choice: Choice, suppressions: Suppressions) -> pa.Table:
    """Take the highest scores first, of equal ones the lower customer id; of a customer's rows the best one alone.

    A score that is no number is never chosen. Raises `ValueError` for segments, whose codes are in no order.
    """
    if "label" in scores.schema.names:
        raise ValueError("these scores are segments, which have no top: choose from a model of probabilities or values")
    kept = scores.filter(pa.array(suppressions.kept(scores["customer_id"])))
    kept = kept.filter(pc.is_finite(kept["score"]))
    if choice.at_least is not None:
        kept = kept.filter(pc.greater_equal(kept["score"], choice.at_least))
    once = len(pc.unique(kept["customer_id"])) == len(kept)
    ordered = _highest(kept, choice.most).sort_by(_BY) if once else _best(kept)
    return ordered if choice.most is None else ordered.slice(0, choice.most)


def read_scores(folder: Path) -> tuple[pa.Table, Manifest]:
    """Read the scores of a batch, and what it says of itself; of one that is replaced meanwhile, the new one's.

    Raises `NoBatch`.
    """
    for _ in range(_TRIES):
        told = manifest.read(folder / MANIFEST)
        if told is None or "files" not in told:
            raise NoBatch(f"there is no batch in {folder}; run `augury score MODEL` first")
        with suppress(FileNotFoundError):
            found = _parts(folder, told)
            if manifest.read(folder / MANIFEST) == told:
                return found, told
    raise NoBatch(f"the batch in {folder} is there no longer, or not whole; run `augury score MODEL` anew")


def mapped(said: str | None, have: list[str]) -> dict[str, str]:
    """Give their name of each of our columns that is to be written, in order; all under our names if none is said.

    `said` is a list of pairs such as `customer_id=email_id`; the side that is a column of ours is ours, and the left
    one where both are. Raises `ValueError`.
    """
    if said is None:
        return {name: name for name in have}
    found: dict[str, str] = {}
    for pair in said.split(","):
        left, is_pair, right = (part.strip() for part in pair.partition("="))
        ours, theirs = (left, right or left) if left in have or not is_pair else (right, left)
        if ours not in have or not theirs:
            raise ValueError(f"--columns {pair.strip()!r} names no column of the batch; it has {', '.join(have)}")
        if theirs in found.values() or ours in found:
            raise ValueError(f"--columns names {ours if ours in found else theirs!r} twice")
        found[ours] = theirs
    return found


def write_audience(
    chosen: pa.Table, to: Path, *, columns: Mapping[str, str], choice: Choice, batch: Manifest, out: Mapping[str, int]
) -> dict[str, Any]:
    """Write an audience whole, and before it, as FILE.audience.json, what it is; gives that.

    `out` counts who was left out. Raises `Taken` for a file that is there and no audience.
    """
    kind = Place.read(str(to)).kind
    if kind not in ("parquet", "csv"):
        raise ValueError(f"an audience goes to FILE.csv, FILE.csv.gz or FILE.parquet, not to {str(to)!r}")
    beside = to.with_name(f"{to.name}.{ABOUT}")
    if to.exists() and not beside.exists():
        raise Taken(f"{to} is there and no audience; name another file, or remove it")
    table = chosen.select(list(columns)).rename_columns(list(columns.values()))
    with whole_file(to) as draft:
        (write_csv if kind == "csv" else write_parquet)(table.to_reader(), draft)
        told = {
            **{key: batch[key] for key in ("model", "version", "artifact", "cutoff", "content")},
            "asked": {key: value for key, value in asdict(choice).items() if value is not None},
            "customers": len(chosen),
            "threshold": chosen["score"][-1].as_py() if len(chosen) else None,
            "cost": choice.cost(len(chosen)),
            "suppressed": dict(out),
            "columns": dict(columns),
            "files": {to.name: {"rows": len(chosen), "sha256": hash_of(draft)}},
        }
        manifest.write(told, beside)
    return told


def _parts(folder: Path, told: Manifest) -> pa.Table:
    parts = [folder / name for name in told["files"] if name.startswith(f"{SCORES}/")]
    return pa.concat_tables(map(pq.read_table, parts)) if parts else EMPTY.empty_table()


def _money(value: float) -> Decimal:
    return Decimal(str(value))


def _highest(scores: pa.Table, most: int | None) -> pa.Table:
    """Leave out whoever cannot be among so many, before the rest is sorted."""
    if most is None or most >= len(scores):
        return scores
    if most == 0:
        return scores.slice(0, 0)
    values = np.asarray(scores["score"])
    last = np.partition(values, len(values) - most)[len(values) - most]
    return scores.filter(pc.greater_equal(scores["score"], last))


def _best(rows: pa.Table) -> pa.Table:
    """Take each customer's best row, of equal ones the first category, then the latest cutoff, in the order of scores.

    Customers have several rows in batches of pairs, and of populations that are asked at times of their own.
    """
    ties = [(name, how) for name, how in _TIES if name in rows.schema.names]
    ordered = rows.sort_by([*_BY, *ties]).combine_chunks()
    ids = ordered["customer_id"].combine_chunks().dictionary_encode().indices
    _, first = np.unique(np.asarray(ids), return_index=True)
    return ordered.take(pa.array(np.sort(first)))
