"""Many feature rows through many models at once, column by column."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serving.feature_rows import KEYS, NotFeatures, check_table, frame_of, lacks, matrix_of, with_cutoff
from serving.live.answers import Answers
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.messages import Reason
from serving.said import NOT_FINITE, Results, scores_of
from serving.scorer import anyone, barred, chosen_of
from serving.store.layout import Matrix


@dataclass(frozen=True)
class Columns:
    """What one model says of the rows, and why where that was asked; `finite` marks numbers, None where all are."""

    live: Live
    answers: Answers
    reasons: list[list[Reason]] | None
    finite: NDArray[np.bool_] | None

    @cached_property
    def scored(self) -> Answers:
        """The rows that have a score."""
        return self.answers if self.finite is None else self.answers.where(self.finite)

    @cached_property
    def refused(self) -> Answers | None:
        """Those that have none, None where all have one."""
        return None if self.finite is None else self.answers.where(~self.finite)


@dataclass(frozen=True)
class Rows:
    """What models are asked of; those of the same features share a matrix."""

    table: pa.Table
    made: dict[tuple[str, ...], Matrix] = field(default_factory=dict)

    def matrix(self, features: Sequence[str]) -> Matrix:
        """Give rows × features."""
        key = tuple(features)
        if key not in self.made:
            self.made[key] = matrix_of(self.table, features)
        return self.made[key]


@dataclass(frozen=True)
class Bulk:
    """What the models say, and who was not scored by any."""

    told: list[Columns]
    barred: dict[str, Results]
    customer_ids: list[str]

    @property
    def counts(self) -> "Counter[tuple[str, str]]":
        """Count the scores by model and version."""
        counts = {(each.live.name, each.live.registered.version): len(each.scored.owners) for each in self.told}
        return Counter(counts)

    @property
    def refusals(self) -> "Counter[tuple[str, str]]":
        """Count the refusals by model (none: of all models) and code."""
        codes = (("", str(each.refusal)) for each in chain.from_iterable(self.barred.values()))  # type: ignore[union-attr]  # refusals alone
        none = {(each.live.name, "not_finite"): len(each.refused.owners) for each in self.told if each.refused}
        return Counter(codes) + Counter(none)

    def results(self) -> Results:
        """Give it customer by customer in the order of the rows, as the other routes do."""
        by_customer: dict[str, Results] = {each: [*self.barred.get(each, ())] for each in self.customer_ids}
        for each in self.told:
            for customer_id, mine in scores_of(each.live, each.answers, each.reasons, cutoff=None):
                by_customer[customer_id] += mine
        return [result for mine in by_customer.values() for result in mine]


async def bulk(
    snapshot: Snapshot,
    table: pa.Table,
    models: Sequence[str] | None = None,
    *,
    cutoff: datetime | None = None,
    explain: int = 0,
    may: Callable[[str], bool] = anyone,
) -> Bulk:
    """Score a table of customer_id and features by the models that it has all of.

    Models of pairs read category and cutoff too, those of lifetime value the cutoff; it may also be said once for all
    rows. Raises `NotFeatures` for a table that is none, where a named model, or every one, lacks columns, and where a
    model cannot take the values; and `UnknownModel`, `NotAllowed`, `NotExplaining` and `StoreAway`.
    """
    check_table(table)
    chosen = chosen_of(snapshot, models, explain=explain, may=may)
    asked = _asked(chosen, with_cutoff(table, cutoff and cutoff.replace(tzinfo=None)), named=models is not None)
    ids = table["customer_id"].to_pylist()
    refused = await barred(snapshot, ids)
    kept = _needed(table, asked)
    if refused:
        kept = kept.filter(pa.array([each not in refused for each in ids]))
    rows = Rows(kept)
    told = await asyncio.to_thread(lambda: [_told(each, rows, cutoff, explain) for each in asked if len(kept)])
    return Bulk(told, refused, list(dict.fromkeys(ids)))


def _asked(chosen: Sequence[Live], table: pa.Table, *, named: bool) -> list[Live]:
    """Choose the models that a table has all of; of named ones each must be such."""
    without = [lacks(each.registered.artifact, table) for each in chosen]
    lacking = [why for why in without if why is not None]
    if lacking and (named or len(lacking) == len(chosen)):
        raise NotFeatures("; ".join(lacking))
    return [each for each, why in zip(chosen, without, strict=True) if why is None]


def _needed(table: pa.Table, asked: Sequence[Live]) -> pa.Table:
    """Leave out what no model reads."""
    read = dict.fromkeys(KEYS) | {name: None for each in asked for name in each.registered.artifact.features}
    return table.select([name for name in read if name in table.column_names])


def _told(live: Live, rows: Rows, cutoff: datetime | None, explain: int) -> Columns:
    try:
        return _columns(live, rows, cutoff and live.local(cutoff), explain)
    except ValueError as error:
        raise NotFeatures(f"{live.name} cannot score the rows: {error}") from error


def _columns(live: Live, rows: Rows, cutoff: datetime | None, explain: int) -> Columns:
    table = with_cutoff(rows.table, cutoff)
    if live.rows_model is None:
        frame = frame_of(table, live.registered.artifact)
        why = live.why.of_frame(frame, top=explain) if explain and live.why else None
        answers = live.of_frame(frame)
        return Columns(live, answers, why, _finite(np.array(answers.columns["score"], dtype=np.float64)))
    values = rows.matrix(live.rows_model.features_)
    scores, why = live.why.of_rows(values, top=explain) if explain and live.why else (live.predicted(values), None)
    cutoffs = table["cutoff"].to_pylist() if "cutoff" in table.column_names else None
    answers = Answers(table["customer_id"].to_pylist(), cutoffs, None, {"score": scores.tolist()})
    return Columns(live, answers, why, _finite(scores))


def _finite(scores: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    finite: NDArray[np.bool_] = np.isfinite(scores)
    return None if finite.all() else finite


def arrow(answer: Bulk) -> pa.Table:
    """Lay it out as the table that a batch writes: a row a customer (or pair) and model; the refused at the end."""
    parts = [_part(each) for each in answer.told]
    parts += [_without(each.live, each.refused) for each in answer.told if each.refused is not None]
    refused = [(each.customer_id, each.refusal, each.reason) for mine in answer.barred.values() for each in mine]  # type: ignore[union-attr]  # refusals alone
    if refused:
        names = ("customer_id", "refusal", "reason")
        parts.append(pa.table(dict(zip(names, map(list, zip(*refused, strict=True)), strict=True))))
    return pa.concat_tables(parts, promote_options="default").combine_chunks()


def _part(told: Columns) -> pa.Table:
    answers, labels = told.scored, told.live.registered.artifact.model.labels
    columns = _keys(told.live, answers)
    columns |= {name: _values(name, values) for name, values in answers.columns.items()}
    if labels:
        columns["label"] = pa.array([labels[int(code)] for code in answers.columns["score"]], pa.string())
    return pa.table(columns)


def _without(live: Live, answers: Answers) -> pa.Table:
    """Say of rows that their score is no finite number."""
    rows = len(answers.owners)
    return pa.table({**_keys(live, answers), "refusal": ["not_finite"] * rows, "reason": [NOT_FINITE] * rows})


def _keys(live: Live, answers: Answers) -> dict[str, pa.Array]:
    rows = len(answers.owners)
    columns: dict[str, pa.Array] = {
        "customer_id": pa.array(answers.owners, pa.string()),
        "model": _constant(live.name, rows),
        "version": _constant(live.registered.version, rows),
    }
    if answers.categories is not None:
        columns["category"] = pa.array(answers.categories, pa.string())
    if answers.cutoffs is not None:
        columns["cutoff"] = pa.array(answers.cutoffs, pa.timestamp("us"))
    return columns


def _values(name: str, values: list[Any]) -> pa.Array:
    """Give a column: what a model tells beside the score is null where it is no finite number."""
    if name == "score":
        return pa.array(values, pa.float64())
    made = pa.array(values, from_pandas=True)
    return pc.if_else(pc.is_finite(made), made, None) if pa.types.is_floating(made.type) else made


def _constant(text: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int32), pa.array([text]))
