"""The columns that an artifact needs of a Spark frame: what is missing or of another type, and how each is read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from features.engine.spark.columns import advice
from features.tables import Column
from models.artifact import Artifact

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Kind = Literal["id", "time", "text", "number", "truth"]
_WHOLE: Final = r"tinyint|smallint|int|bigint"
_TEXT: Final = r"(string|(var)?char\(\d+\))( collate \S+)?"
_FITS: Final[dict[Kind, re.Pattern[str]]] = {
    "id": re.compile(rf"{_TEXT}|{_WHOLE}"),
    "time": re.compile(r"timestamp_ntz|date"),
    "text": re.compile(rf"{_TEXT}|void"),
    "number": re.compile(rf"{_WHOLE}|float|double|decimal\(\d+,\d+\)|boolean|void"),
    "truth": re.compile(r"boolean"),
}
_READ: Final[dict[Kind, str]] = {
    "id": "STRING COLLATE UTF8_BINARY",
    "time": "TIMESTAMP_NTZ",
    "text": "STRING COLLATE UTF8_BINARY",
    "number": "DOUBLE",
    "truth": "BOOLEAN",
}
_MEND: Final[dict[Kind, str]] = {
    "id": "ids are text or whole numbers",
    "time": "cutoffs are days or the customers' local times",
    "text": "it was trained on text",
    "number": "it was trained on numbers",
    "truth": "say true or false",
}


@dataclass(frozen=True)
class Need:
    """A column that is read, as what, and whether it must be there."""

    name: str
    kind: Kind
    required: bool = True

    def read(self) -> str:
        """Write the SQL that reads it."""
        name = f"`{self.name.replace('`', '``')}`"
        return f"CAST({name} AS {_READ[self.kind]}) AS {name}"

    def wrong(self, type_: str) -> str | None:
        """Say what is wrong with a type (as in `DataFrame.dtypes`); None where it fits."""
        if _FITS[self.kind].fullmatch(type_):
            return None
        told = advice(self.name, type_, Column("TIMESTAMP", required=True)) if self.kind == "time" else None
        return f"{self.name} is {type_}; {_MEND[self.kind]}{f': {told}' if told else ''}"


def needs(artifact: Artifact, *, mark: str | None = None) -> list[Need]:
    """Name what an artifact reads: keys and features, each with all that it was trained on, and the mark of those who
    are left out.
    """
    keys = [
        Need("customer_id", "id"),
        Need("cutoff", "time"),
        Need("category", "text", required=bool(artifact.categories)),
    ]
    features = [Need(name, "text" if name in artifact.texts else "number") for name in artifact.features]
    marks = [] if mark is None else [Need(mark, "truth")]
    return [*keys, Need("eligible", "truth", required=False), *features, *marks]


def check_columns(frame: "DataFrame", artifact: Artifact, *, mark: str | None = None) -> list[Need]:
    """Give the needs that the frame has columns for. Raises `ValueError` that names all that is wrong; no job runs."""
    asked = needs(artifact, mark=mark)
    told = list(_wrong(frame, asked))
    if told:
        lines = "\n".join(f"- {line}" for line in told)
        raise ValueError(f"the frame cannot be scored by {artifact.name}:\n{lines}")
    return [each for each in asked if each.name in frame.columns]


def _wrong(frame: "DataFrame", asked: list[Need]) -> Iterator[str]:
    missing = [each.name for each in asked if each.required and each.name not in frame.columns]
    if missing:
        yield f"it lacks the columns {missing}; there are {frame.columns[:20]}"
    names = [each.name for each in asked]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        yield f"the column {double} cannot be both a mark and what the model is asked by; rename the mark"
    twice = [each.name for each in asked if frame.columns.count(each.name) > 1]
    if twice:
        yield f"it has the columns {twice} more than once; drop or rename the others"
    types = dict(frame.dtypes)
    wrong = (each.wrong(types[each.name]) for each in asked if each.name in types)
    yield from (line for line in wrong if line is not None)
